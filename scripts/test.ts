// Runs the test files given (folders or files; default: test/), searches what controllers said for secrets, and closes with `N passed, N failed`.
// --verbose prints each test; --limit=<seconds> is what a file may take, 120 by default; --again runs what failed once more.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { recordTo, search } from '../test/records.ts'

/** Suites with a command of their own: they need more than `npm ci` gives, or minutes. */
const apart = new Set(['cluster', 'package', 'browser', 'contract', 'load', 'node_modules'])

function testFiles(path: string): string[] {
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() || !apart.has(entry.name))
    .flatMap((entry) =>
      entry.isDirectory()
        ? testFiles(join(path, entry.name))
        : entry.name.endsWith('.test.ts')
          ? [join(path, entry.name)]
          : [],
    )
    .sort()
}

const wanted = process.argv.slice(2).filter((arg) => !arg.startsWith('--'))
const files = (wanted.length ? wanted : ['test']).flatMap((path) => {
  if (existsSync(path)) return testFiles(path)
  console.error(`no such file or folder: ${path}`)
  process.exit(2)
})

/** Seconds that a file may take. */
const limit = process.argv.map((arg) => /^--limit=(\d+)$/.exec(arg)?.[1]).find((found) => found !== undefined)

const records = mkdtempSync(join(tmpdir(), 'albatross-records-'))
recordTo(records)

let passed = 0
let failed = 0
const again = new Set<string>()
// Real clusters side by side take each other's time, and what is played on them has to keep AWS's.
const concurrency = files.some((file) => file.includes('test/cluster')) ? 1 : 2
const stream = run({ files, concurrency, timeout: 1000 * Number(limit ?? 120) })
stream.on('test:pass', (event) => {
  if (event.details.type !== 'suite') passed += 1
})
stream.on('test:fail', (event) => {
  if (event.details.type === 'suite') return
  failed += 1
  if (event.file !== undefined) again.add(event.file)
})

/** Whether a secret was told, which another try does not mend. */
function searchRecords(): boolean {
  const { bytes, leaks } = search(records)
  rmSync(records, { recursive: true })
  if (bytes === 0) return false
  const first = new Map(leaks.toReversed().map(({ source, text }) => [source, text]))
  for (const [source, text] of first) console.log(`✖ a secret in ${source}: ${text}`)
  if (leaks.length > 0) failed += 1
  else passed += 1
  return leaks.length > 0
}

stream.on('end', () => {
  const leaked = searchRecords()
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
  if (!leaked && failed > 0 && again.size > 0 && process.argv.includes('--again')) onceMore()
})

/** Suites that play in real time share a machine with others; what fails twice fails. */
function onceMore(): void {
  console.log(`\nFAILED, TRIED AGAIN: ${[...again].join(' ')}`)
  const flags = process.argv.slice(2).filter((arg) => arg.startsWith('--') && arg !== '--again')
  const args = [import.meta.filename, ...again, ...flags]
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1
}

if (process.argv.includes('--verbose')) {
  stream.compose(spec()).pipe(process.stdout)
} else {
  stream.on('test:fail', (event) => {
    if (event.details.type === 'suite') return
    console.log(`✖ ${event.file ?? ''} ${event.name}`)
    const cause = event.details.error.cause
    console.log(
      cause instanceof Error ? (cause.stack ?? cause.message) : String(cause ?? event.details.error.message),
    )
  })
  stream.on('test:stderr', (event) => process.stderr.write(event.message))
  stream.resume()
}
