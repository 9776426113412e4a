// `npm run bench -- <name> [arguments]`: runs the files of one benchmark, one after the other; without a name, `calls`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** By name: its files, and what they print. A file gets the arguments after the name, and may be started alone. */
const benches: Readonly<Record<string, { readonly prints: string; readonly files: readonly string[] }>> = {
  calls: {
    prints: 'AWS calls of ordinary changes, of 100 Ingresses at once, and a start, beside those of ALBC',
    files: ['calls.ts', 'groups.ts', 'start.ts'],
  },
  groups: {
    prints: '100 Ingresses at once in 1 group and in 20: calls and seconds, a restart, one typo',
    files: ['groups.ts'],
  },
  start: {
    prints: 'the start of the bundle: seconds until it is ready, memory when idle',
    files: ['start.ts'],
  },
  model: {
    prints: 'milliseconds of model and plan for groups of 10 to 3,000 Ingresses',
    files: ['model.ts'],
  },
  'bindings-start': {
    prints: 'a start among 5,000 bindings: calls, time until changed ones are served, memory',
    files: ['bindings-start.ts'],
  },
  targets: {
    prints: 'all figures of targets: how soon they follow, a roll of 300 pods, a start, requests under load',
    files: ['targets.ts', 'roll.ts', 'bindings-start.ts', 'load.ts'],
  },
}

const [name = 'calls', ...rest] = process.argv.slice(2)
const bench = benches[name]
if (bench === undefined) {
  console.error(`no benchmark ${name}; there are:`)
  for (const [known, { prints }] of Object.entries(benches)) console.error(`  ${known}: ${prints}`)
  process.exit(2)
}
for (const file of bench.files) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, file), ...rest], {
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}
