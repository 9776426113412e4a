/** The table in docs/takeover.md: each recording with both controllers' writes, and where we differ on purpose. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keptWrites, type Writes } from '../../test/takeover/count.ts'
import { dearer, deliberate } from '../../test/takeover/deliberate.ts'
import { caseNames } from '../../test/takeover/load.ts'

const page = join(import.meta.dirname, '../../docs/takeover.md')
const [begin, end] = ['<!-- cases: generated -->', '<!-- /cases -->']

export function takeoverPage(): string {
  const text = readFileSync(page, 'utf8')
  return `${text.slice(0, text.indexOf(begin) + begin.length)}\n\n${table()}\n${text.slice(text.indexOf(end))}`
}

function table(): string {
  const [built, edited] = [keptWrites('built'), keptWrites('edited')]
  const rows = caseNames(join(import.meta.dirname, '../../test/takeover')).map(
    (name) => `| \`${name}\` | ${pair(built, name)} | ${pair(edited, name)} | ${remark(name)} |`,
  )
  return [
    `| case | built: ALBC | ours | edited: ALBC | ours | different on purpose |`,
    '|---|--:|--:|--:|--:|---|',
    ...rows,
    `| ${rows.length} cases | ${total(built)} | ${total(edited)} | |`,
    '',
  ].join('\n')
}

const pair = (writes: Writes, name: string): string =>
  writes[name] === undefined ? ' | ' : `${writes[name].albc} | ${writes[name].ours}`

function total(writes: Writes): string {
  const all = Object.values(writes)
  const sum = (of: (one: (typeof all)[number]) => number): number =>
    all.reduce((before, one) => before + of(one), 0)
  return `**${sum(({ albc }) => albc)}** | **${sum(({ ours }) => ours)}**`
}

const remark = (name: string): string =>
  [...Object.values(deliberate[name] ?? {}), ...(dearer[name] ? [dearer[name]] : [])]
    .map(({ reason }) => reason)
    .join(' ')
