// npm run test:cluster [-- files]: builds what the suites need where it isn't cached yet, then runs them, one after the other.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { binaries } from './binaries.ts'
import { program, programs } from './others/program.ts'

const args = process.argv.slice(2)
const everything = !args.some((arg) => !arg.startsWith('--'))
try {
  binaries()
  // A file that is named builds what it needs itself: most need none of these.
  if (everything) for (const name of programs) program(name)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exit(1)
}
const files = everything ? [import.meta.dirname] : []
const suite = join(import.meta.dirname, '../../scripts/test.ts')
const { status } = spawnSync(process.execPath, [suite, ...files, '--verbose', '--limit=900', ...args], {
  stdio: 'inherit',
})
process.exitCode = status ?? 1
