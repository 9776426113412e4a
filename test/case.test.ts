/** Every case: what is planned from nothing (or from what stood before), what is told; then built, it must plan nothing more. UPDATE=1 rewrites. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Cluster } from '../src/model/cluster.ts'
import type { Built } from '../src/model/desired.ts'
import { groupsOf } from '../src/model/group.ts'
import type { Step } from '../src/plan/step.ts'
import { statusOf } from '../src/status/ingress.ts'
import { type Drive, drive, isForPeople } from './case/drive.ts'
import { type Case, caseNames, loadCase, type Stage } from './case/load.ts'
import { printPlans, printStatus, printWays, type Told } from './case/print.ts'

const update = process.env['UPDATE'] === '1'

function compare(file: string, text: string): void {
  if (update) writeFileSync(file, text)
  assert.ok(existsSync(file), `${file} is missing: write it with UPDATE=1`)
  assert.equal(text, readFileSync(file, 'utf8'), file)
}

for (const name of caseNames()) {
  const loaded = loadCase(name)
  test(`${name}: ${loaded.shows}`, async () => {
    assert.match(loaded.shows, /\w+ \w+/, 'the first line of input.yaml says what the case shows')
    const driven = await drive(loaded)
    const before = driven.state()
    for (const stage of loaded.stages) await play(driven, loaded, stage)
    const last = loaded.stages.at(-1)
    if (last) await removeAll(driven, loaded, last)
    assert.deepEqual(driven.state(), before, 'something is left after all Ingresses were deleted')
  })
}

async function play(driven: Drive, { settings }: Case, stage: Stage) {
  const { cluster, planFile, statusFile } = stage
  const groups = groupsOf(cluster, settings)
  const built: { readonly stack: string; readonly built: Built }[] = []
  for (const stack of driven.stacks(cluster)) built.push({ stack, built: await driven.build(stack, stage) })
  const plans = built.map((one) => driven.plan(one.stack, one.built))
  const before = plans.map(({ stack }) => driven.actual(stack))
  compare(planFile, printPlans(plans, before))
  const ways = built.map((one) => driven.way(one.stack, one.built))
  if (stage.wayFile !== undefined) compare(stage.wayFile, printWays(ways, before))
  for (const [at, one] of built.entries()) {
    const done = await driven.converge(one.stack, one.built, stage.rounds)
    if (stage.rounds === undefined)
      assert.deepEqual(summary(ways[at]?.plan.steps ?? []), summary(done), 'the way that was foretold')
  }
  const told: Told = {
    problems: [
      ...groups.problems,
      ...built.flatMap((one) => one.built.problems),
      ...plans.flatMap(({ problems }) => problems),
    ],
    held: built.flatMap((one) => one.built.desired.held),
    status: statuses(driven, cluster, built, settings),
  }
  compare(statusFile, printStatus(told))
  for (const one of stage.rounds === undefined ? built : []) {
    const again = await driven.planAfresh(one.stack, one.built)
    assert.deepEqual(again.steps, [], 'a controller that starts now would write again')
    assert.deepEqual(
      again.waits.filter((wait) => !isForPeople(wait)),
      [],
    )
  }
}

const summary = (steps: readonly Step[]): string[] =>
  steps.map(({ call, owner, reason }) => `${call} ${owner} ${reason}`).sort()

/** Deletes every Ingress; one that protects its load balancer lets go of it first. */
async function removeAll(driven: Drive, { settings }: Case, stage: Stage): Promise<void> {
  const { cluster } = stage
  const { groups } = groupsOf(cluster, settings)
  const finalizers = [...groups.values()].map(({ finalizer }) => finalizer)
  const ingresses = cluster.ingresses.map((ingress) => {
    const annotations = Object.entries(ingress.metadata.annotations ?? {}).map(([key, value]) => [
      key,
      String(value).replace('deletion_protection.enabled=true', 'deletion_protection.enabled=false'),
    ])
    const metadata = {
      ...ingress.metadata,
      annotations: Object.fromEntries(annotations) as Record<string, string>,
      deletionTimestamp: '2024-02-01T00:00:00Z',
      finalizers,
    }
    return { ...ingress, metadata }
  })
  const leaving = { ...cluster, ingresses }
  for (const stack of driven.stacks(leaving))
    await driven.converge(stack, await driven.build(stack, { ...stage, cluster: leaving }))
}

/** What each member's status shows once its group stands. */
function statuses(
  driven: Drive,
  cluster: Cluster,
  built: readonly { readonly stack: string; readonly built: Built }[],
  settings: Case['settings'],
): Told['status'] {
  const entries = built.flatMap(({ stack, built: one }) => {
    const actual = driven.actual(stack)
    const { address } = driven.plan(stack, one)
    const members = groupsOf(cluster, settings).groups.get(stack)?.members ?? []
    return members.flatMap(({ key }): [string, unknown][] => {
      const programmed = !one.desired.held.includes(key)
      const loadBalancer = actual.loadBalancers.find(({ arn }) => arn === address)
      const status = statusOf(actual, { loadBalancer, programmed })
      return status === undefined ? [] : [[key, status]]
    })
  })
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
