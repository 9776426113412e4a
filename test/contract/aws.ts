// npm run test:aws: the contract on real AWS, in an account that is named. All of it bears a tag, and is removed, whatever happens: at the
// end, and at the start of the next run.
import { writeFileSync } from 'node:fs'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { placeIn } from '../../localstack/scenario/place.ts'
import { type Options, readOptions, usage } from './aws/options.ts'
import { markdown, type Outcome, type Report } from './aws/report.ts'
import { sweep } from './aws/sweep.ts'
import { type Check, type Run, runTag, startRun } from './bench.ts'
import { allChecks } from './check/all.ts'
import { type Line, playAccount } from './play.ts'
import { Finding } from './probe/probe.ts'
import type { Provider } from './provider.ts'
import { aws } from './provider/aws.ts'

let stopped = false

/** What a check needs and this run was not given. */
function lacks({ id }: Check, { bundle, throttle }: Options): string | undefined {
  if (id === 'trust-store/used' && bundle === undefined) return '--bundle=s3://<bucket>/<key>'
  if (id === 'fact/throttled' && !throttle) return '--throttle'
  return undefined
}

async function outcomeOf(check: Check, run: Run, options: Options): Promise<Outcome> {
  const missing = lacks(check, options)
  if (missing !== undefined) return { check, result: 'skipped', why: `needs ${missing}` }
  const { bench, clear } = run.bench()
  let outcome: Outcome = { check, result: 'holds' }
  try {
    await check.run(bench)
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    outcome = { check, result: 'fails', why, ...(error instanceof Finding ? { found: error.found } : {}) }
  }
  // The sweep takes what stays.
  await clear().catch(() => undefined)
  return outcome
}

async function play(provider: Provider, options: Options): Promise<Pick<Report, 'workshop' | 'outcomes'>> {
  const id = Math.random().toString(16).slice(2, 8)
  const { only = '' } = options
  const place = await placeIn(provider.clients.ec2, options.vpc)
  const tell = ({ shows, why }: Line): void =>
    say(`${why === undefined ? 'ok  ' : 'FAIL'}  workshop: ${shows}`)
  const workshop = 'workshop'.startsWith(only)
    ? await playAccount({ provider, place, id, tags: { [runTag]: id }, tell })
    : []
  const run = startRun(provider, place, id)
  const outcomes: Outcome[] = []
  for (const check of allChecks.filter((one) => one.id.startsWith(only))) {
    if (stopped) break
    const outcome = await outcomeOf(check, run, options)
    outcomes.push(outcome)
    const { result, why = '' } = outcome
    say(`${result === 'fails' ? 'FAIL' : result === 'holds' ? 'ok  ' : 'skip'}  ${check.id} ${why}`)
  }
  await run.end().catch(() => undefined)
  return { workshop, outcomes }
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

async function main(options: Options): Promise<number> {
  const provider = aws(options)
  const { clients, patienceMs } = provider
  const { Account } = await clients.sts.send(new GetCallerIdentityCommand({}))
  if (Account !== options.account) {
    console.error(
      `these credentials are of account ${Account}, not of ${options.account}: nothing was touched`,
    )
    return 2
  }
  const startedAt = new Date()
  const foundAtStart = await sweep(clients, patienceMs)
  for (const one of foundAtStart) say(`removed ${one}`)
  if (options.sweepOnly) return 0
  let played: Pick<Report, 'workshop' | 'outcomes'> = { workshop: [], outcomes: [] }
  let removedAtEnd: readonly string[] = []
  try {
    played = await play(provider, options)
  } finally {
    removedAtEnd = await sweep(clients, patienceMs)
    for (const one of removedAtEnd) say(`removed ${one}`)
  }
  const seconds = Math.round((Date.now() - startedAt.getTime()) / 1000)
  const where = options.endpoint === undefined ? 'AWS' : 'A rehearsal'
  const { account, region } = options
  const report = { where, account, region, startedAt, seconds, ...played, foundAtStart, removedAtEnd }
  writeFileSync(options.report, markdown(report))
  const failed =
    played.outcomes.filter(({ result }) => result === 'fails').length +
    played.workshop.filter(({ why }) => why !== undefined).length
  say(
    `${played.outcomes.length + played.workshop.length - failed} passed, ${failed} failed; see ${options.report}`,
  )
  return failed > 0 || stopped ? 1 : 0
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stopped = true
    say('stopping: what was made is removed; once more, and it is left for --sweep')
  })
let options: Options | undefined
try {
  options = readOptions(process.argv.slice(2), process.env)
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  process.exitCode = 2
}
if (options !== undefined)
  process.exitCode = await main(options).catch((error: unknown) => {
    console.error(error instanceof Error ? `${error.name}: ${error.message}` : String(error))
    return 1
  })
