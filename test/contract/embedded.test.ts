import { embedded } from './provider/embedded.ts'
import { checksOf } from './suite.ts'

checksOf('the local AWS', embedded, {
  countsCalls: true,
  deviations: {
    'certificate/requested': 'no DNS is there to prove a domain in: each request counts as proved at once',
  },
})
