/**
 * What controllers of the suites say (logs, metrics, and the objects that they write) is kept while `npm test` runs and searched
 * for secrets when it ends (invariant 7). Secrets of tests contain the marker; keys and tokens are known by their form.
 */
import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formsOf } from '../localstack/scenario/untold.ts'

/** Every secret that a test gives a controller contains it. */
export const marker = 'hush'
/** The folder; absent when a test file is run by itself. */
const variable = 'ALBATROSS_TEST_RECORDS'

export const recordTo = (folder: string): void => {
  process.env[variable] = folder
}

/** Of one process a file per source. */
export function record(source: 'log' | 'metrics' | 'objects', text: string): void {
  const folder = process.env[variable]
  if (folder === undefined || text === '') return
  appendFileSync(join(folder, `${source}.${process.pid}`), text.endsWith('\n') ? text : `${text}\n`)
}

/** How any JSON Web Token with a signature begins, as those of service accounts. */
const secret = new RegExp([...formsOf(marker), String.raw`\beyJ[\w-]{8,}\.eyJ`, 'PRIVATE KEY'].join('|'))

type Leak = { readonly source: string; readonly text: string }
type Found = { readonly bytes: number; readonly leaks: readonly Leak[] }

export function search(folder: string): Found {
  let bytes = 0
  const leaks = readdirSync(folder).flatMap((source) => {
    const text = readFileSync(join(folder, source), 'utf8')
    bytes += text.length
    return text.split('\n').flatMap((line): readonly Leak[] => {
      const at = line.search(secret)
      return at < 0 ? [] : [{ source, text: line.slice(Math.max(0, at - 200), at + 100) }]
    })
  })
  return { bytes, leaks }
}
