/** A start among thousands of bindings, at AWS's rates. `npm run bench -- bindings-start [bindings]` */
import { startedAmong } from '../test/load/bindings-start.ts'
import { linesOf } from '../test/load/told.ts'

const many = Number(process.argv[2] ?? 5_000)
for (const line of linesOf(many, await startedAmong(many))) console.log(line)
process.exit(0)
