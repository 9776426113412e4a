/** What a run found, as a page. */
import type { Check } from '../bench.ts'
import type { Line } from '../play.ts'
import { unasked } from '../probe/probe.ts'

export type Outcome = {
  readonly check: Check
  /** `skipped`: it was not asked; `why` says what it lacks. */
  readonly result: 'holds' | 'fails' | 'skipped'
  /** Of a probe that fails: what is so there. */
  readonly found?: string
  readonly why?: string
}
export type Report = {
  readonly where: string
  readonly account: string
  readonly region: string
  readonly startedAt: Date
  readonly seconds: number
  readonly workshop: readonly Line[]
  readonly outcomes: readonly Outcome[]
  /** Of an earlier run. */
  readonly foundAtStart: readonly string[]
  /** That the checks themselves did not remove. */
  readonly removedAtEnd: readonly string[]
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
const table = (head: readonly string[], rows: readonly string[]): string[] =>
  rows.length === 0 ? ['None.'] : [row(...head), row(...head.map(() => '---')), ...rows]

export function markdown(report: Report): string {
  const { outcomes, workshop } = report
  const facts = outcomes.filter(({ check }) => check.expected !== undefined)
  const checks = outcomes.filter(({ check }) => check.expected === undefined)
  const count = (result: Outcome['result']): number => outcomes.filter((one) => one.result === result).length
  return [
    `# ${report.where}, account ${report.account}, ${report.region}`,
    '',
    `${report.startedAt.toISOString()}, ${report.seconds} s: ${count('holds')} hold, ${count('fails')} fail, ${count('skipped')} were not asked.`,
    '',
    '## The workshop',
    '',
    ...table(
      ['what', 'seconds', ''],
      workshop.map(({ shows, ms, why }) => row(shows, (ms / 1000).toFixed(1), why ?? 'holds')),
    ),
    '',
    '## Facts known by recollection',
    '',
    'The local AWS is built to what is expected; where something else was found, it has to follow.',
    '',
    ...table(
      ['fact', 'expected', 'found', ''],
      facts.map(({ check, result, found, why }) =>
        row(
          check.shows,
          check.expected ?? '',
          result === 'holds' ? (check.expected ?? '') : (found ?? why ?? ''),
          result === 'fails' ? '**differs**' : result,
        ),
      ),
    ),
    '',
    'Not asked by any run:',
    '',
    ...table(
      ['fact', 'it would need'],
      unasked.map(({ fact, needs }) => row(fact, needs)),
    ),
    '',
    '## Checks that fail or were not asked',
    '',
    ...table(
      ['check', 'what', 'why'],
      checks
        .filter(({ result }) => result !== 'holds')
        .map(({ check, result, why }) => row(check.id, check.shows, `${result}: ${why ?? ''}`)),
    ),
    '',
    '## Left over',
    '',
    `An earlier run had left ${report.foundAtStart.length}, this one's checks ${report.removedAtEnd.length}; all of it was removed.`,
    ...[...report.foundAtStart, ...report.removedAtEnd].map((one) => `- ${one}`),
    '',
  ].join('\n')
}
