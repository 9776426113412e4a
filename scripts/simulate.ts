// Plays seeded histories (`--seeds=N` from `--seed=K`; of bindings and their security groups: `--network`) and tells each that
// goes wrong by the shortest one that still does.
import * as groups from '../test/simulation/history.ts'
import * as network from '../test/simulation/network/history.ts'
import { run as runNetwork } from '../test/simulation/network/run.ts'
import { run as runGroups } from '../test/simulation/run.ts'
import { shrink } from '../test/simulation/shrink.ts'

function numberOf(name: string, otherwise: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`))
  if (given === undefined) return otherwise
  const value = Number(given.slice(name.length + 3))
  if (Number.isInteger(value) && value >= 0) return value
  console.error(`${given}: a whole number is needed`)
  process.exit(2)
}

const isNetwork = process.argv.includes('--network')
const [run, historyOf] = isNetwork ? [runNetwork, network.historyOf] : [runGroups, groups.historyOf]

const first = numberOf('seed', 1)
const count = numberOf('seeds', process.argv.some((argument) => argument.startsWith('--seed=')) ? 1 : 100)
const began = Date.now()
const failed: number[] = []
let calls = 0
for (let seed = first; seed < first + count; seed += 1) {
  const outcome = await run(seed)
  calls += outcome.calls
  if (outcome.violations.length === 0) continue
  failed.push(seed)
  const shortest = await shrink(outcome, historyOf(seed), run)
  console.log(`\n✖ seed ${seed}: ${shortest.violations[0] ?? ''}\n${shortest.trace.join('\n')}`)
}
const seconds = ((Date.now() - began) / 1000).toFixed(1)
console.log(
  failed.length === 0
    ? `✔ ${count} histories, ${calls} AWS calls, ${seconds} s`
    : `✖ ${failed.length} of ${count} histories went wrong (${seconds} s): seeds ${failed.join(', ')}`,
)
process.exit(failed.length === 0 ? 0 : 1)
