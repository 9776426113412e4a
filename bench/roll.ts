/** 300 pods rolled at once, with readiness gates. */
import { rolledAtOnce } from '../test/load/roll.ts'
import { linesOfRoll } from '../test/load/told.ts'

for (const line of linesOfRoll(await rolledAtOnce())) console.log(line)
