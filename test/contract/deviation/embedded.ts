// Where the local AWS of the tests is not as AWS is.
import type { Deviations } from './deviations.ts'

export const embeddedDeviations: Deviations = {
  'fact/throttled':
    'its limits are off in these tests; the rehearsal of `npm run test:aws` asks with limits on',
}
