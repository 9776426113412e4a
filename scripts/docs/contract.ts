// docs/contract.md: what is checked of an AWS, who is known to do otherwise, and what nobody has shown yet.
import type { Check } from '../../test/contract/bench.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { allChecks } from '../../test/contract/check/all.ts'
import { embeddedDeviations } from '../../test/contract/deviation/embedded.ts'
import { localstackDeviations } from '../../test/contract/deviation/localstack.ts'
import { motoDeviations } from '../../test/contract/deviation/moto.ts'
import { unasked } from '../../test/contract/probe/probe.ts'
import type { Deviations } from '../../test/contract/deviation/deviations.ts'

const head = `# The contract

The same checks are made of the local AWS, of moto, of LocalStack and of AWS itself: each kind of resource that the controller uses is made,
read back, changed and removed, and the workshop is played by a controller on it. This page is generated.

| command | against |
|---|---|
| \`npm run test:contract\` | the local AWS, and moto, which is installed once, pinned, into \`~/.cache/albatross\` (Python 3.10 or later) |
| \`npm run test:contract -- moto --require=moto\` | one alone; that it can't be had is a failure |
| \`LOCALSTACK_AUTH_TOKEN=… LOCALSTACK_ENDPOINT=http://127.0.0.1:4566 npm run test:contract -- localstack\` | LocalStack, which runs already ([compose.yaml](../localstack/compose.yaml)); nobody has done so yet, so its list is to be made by the first who does |
| \`npm run test:aws -- --account=<12 digits> --region=<region>\` | AWS. It refuses any other account. What it makes bears the tag \`albatross.dev/contract\`, and is removed at the end, or at the start of the next run; \`--sweep\` does only that. Most of its time is waiting for load balancers; it writes \`aws-report.md\`. One run at a time in an account and region. Nobody has done so yet: it is rehearsed on the local AWS, killed in the middle and all, by each \`npm run test:contract\` |

A deviation on one of the lists below must occur: one that is gone fails the run, as any check that is on no list does. Nothing is skipped.
`

const motoVersion = /^moto==(\S+)/m.exec(
  readFileSync(join(import.meta.dirname, '../../test/contract/moto.txt'), 'utf8'),
)?.[1]

const cell = (text: string): string => text.replaceAll('|', '\\|')

const listed = (deviations: Deviations): string[] =>
  allChecks.flatMap(({ id, shows }) => {
    const why = deviations[id]
    return why === undefined ? [] : [`| ${id} | ${cell(shows)} | ${cell(why)} |`]
  })
const deviating = (title: string, deviations: Deviations): string[] => [
  `## ${title}`,
  '',
  `${listed(deviations).length} of ${allChecks.length} checks.`,
  '',
  '| check | what AWS does | there |',
  '|---|---|---|',
  ...listed(deviations),
  '',
]
const isFact = ({ expected }: Check): boolean => expected !== undefined

export function contractPage(): string {
  return [
    head,
    '## What is known by recollection alone',
    '',
    'No document says so, and nobody has shown it. The local AWS is built to what is expected; a run against AWS asks, and tells what it found.',
    '',
    '| probe | fact | expected |',
    '|---|---|---|',
    ...allChecks
      .filter(isFact)
      .map(({ id, shows, expected = '' }) => `| ${id} | ${cell(shows)} | ${cell(expected)} |`),
    '',
    'Not asked:',
    '',
    '| fact | it would need |',
    '|---|---|',
    ...unasked.map(({ fact, needs }) => `| ${cell(fact)} | ${cell(needs)} |`),
    '',
    ...deviating('The local AWS', embeddedDeviations),
    ...deviating(`moto ${motoVersion}`, motoDeviations),
    ...deviating('LocalStack', localstackDeviations),
  ].join('\n')
}
