// Everything that must hold before a change lands: format, lint with the layer rules, types, dead code, generated files, tests.
// --quick leaves the tests out.
import { spawnSync } from 'node:child_process'

const checks: readonly (readonly [string, readonly string[]])[] = [
  ['format', ['node_modules/@biomejs/biome/bin/biome', 'format', '.']],
  [
    'lint',
    [
      'node_modules/oxlint/bin/oxlint',
      '--type-aware',
      '--deny-warnings',
      'src',
      'localstack',
      'scripts',
      'test',
      'bench',
    ],
  ],
  ['types', ['node_modules/typescript/bin/tsc']],
  ['dead code', ['node_modules/knip/bin/knip.js', '--no-progress']],
  ['generated files', ['scripts/generate.ts', '--check']],
  ['tests', ['scripts/test.ts']],
]

const failures: string[] = []
const quick = process.argv.includes('--quick')
for (const [name, args] of checks.filter(([name]) => !quick || name !== 'tests')) {
  const started = Date.now()
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  console.log(`${status === 0 ? '✔' : '✖'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
  if (status !== 0) failures.push(name)
}
if (failures.length > 0) {
  console.error(`failed: ${failures.join(', ')}`)
  process.exitCode = 1
}
