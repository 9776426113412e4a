/** How many AWS writes each case cost, beside ALBC's: kept in `writes/`, from which a table in docs/takeover.md is made. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after } from 'node:test'

export type Writes = Readonly<Record<string, { readonly albc: number; readonly ours: number }>>

const fileOf = (check: 'built' | 'edited'): string => join(import.meta.dirname, 'writes', `${check}.json`)
export const keptWrites = (check: 'built' | 'edited'): Writes =>
  existsSync(fileOf(check)) ? (JSON.parse(readFileSync(fileOf(check), 'utf8')) as Writes) : {}

/** Takes the counts of one file's tests; `UPDATE=1` writes them, else none may be above what is kept, or ALBC's. */
export function counter(
  check: 'built' | 'edited',
  own = process.env['TAKEOVER_DIR'] === undefined,
): (name: string, ours: number, albc: number) => void {
  const counts: Record<string, { albc: number; ours: number }> = {}
  const kept = keptWrites(check)
  const update = process.env['UPDATE'] === '1' && own
  after(() => {
    const sorted = Object.entries({ ...kept, ...counts }).sort(([a], [b]) => (a < b ? -1 : 1))
    const lines = sorted.map(([name, count]) => `  ${JSON.stringify(name)}: ${JSON.stringify(count)}`)
    if (update) writeFileSync(fileOf(check), `{\n${lines.join(',\n')}\n}\n`)
  })
  return (name, ours, albc) => {
    counts[name] = { albc, ours }
    if (own && !update) {
      assert.ok(kept[name] !== undefined, `no count of ${name} in writes/${check}.json: UPDATE=1 writes it`)
      // On a slow machine endpoints come in several lots, and cost a call each.
      const most = Math.max(albc, kept[name].ours)
      assert.ok(ours <= most, `${ours} writes, more than ${most}`)
    }
  }
}
