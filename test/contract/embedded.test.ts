import { embeddedDeviations } from './deviation/embedded.ts'
import { embedded } from './provider/embedded.ts'
import { checksOf } from './suite.ts'

checksOf('the local AWS', embedded, { countsCalls: true, deviations: embeddedDeviations })
