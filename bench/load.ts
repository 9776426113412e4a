/** What `npm run test:e2e` plays: requests sent and failed while pods and nodes come and go, with 10 s of propagation. */
import { shared } from '../test/load/clusters.ts'
import { drained } from '../test/load/drain.ts'
import { linted, lintedNodes } from '../test/load/lint.ts'
import { reused } from '../test/load/reuse.ts'
import { rolled, scaled } from '../test/load/rolling.ts'
import { line } from '../test/load/told.ts'

const plays = [rolled, scaled, drained, reused, shared, linted, lintedNodes]
const atOnce = 2

const workers = Array.from({ length: atOnce }, async () => {
  for (let next = plays.shift(); next !== undefined; next = plays.shift()) console.log(line(await next()))
})
await Promise.all(workers)
