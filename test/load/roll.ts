/**
 * 300 pods behind one Service get another template, all at once, with readiness gates: how long until every gate is True, and
 * with how many calls. AWS's buckets (4 registrations a second, 20 at once), 5 s of propagation and a health check included.
 */
import { webShop } from '../web.ts'
import { timings } from '../../localstack/timing.ts'
import { type App, app, gateOf, podsOf, type SeenPod, settledAt } from '../end-to-end/pods-fixture.ts'
import { startTestWorld, type TestWorld } from '../world.ts'

/** Seconds since the change of the template until it was so of all pods. */
export type Rolled = {
  readonly pods: number
  readonly containersReady: number
  /** The last call of RegisterTargets. */
  readonly registered: number
  readonly healthy: number
  readonly gatesTrue: number
  readonly registers: number
  readonly deregisters: number
  readonly describes: number
  readonly refused: number
  /** As many calls as 200 targets each need. */
  readonly leastCalls: number
}

const pods = 300
const limitMs = 600_000
const perCall = 200
const timing = { ...timings.aws, loadBalancerActiveMs: 0, healthCheckTimeoutFloorMs: 10_000 }

export async function rolledAtOnce(): Promise<Rolled> {
  const world = await startTestWorld(timing, { onlookers: ['123456789012'] })
  try {
    return await play(world)
  } finally {
    await world.end()
  }
}

async function play(world: TestWorld): Promise<Rolled> {
  world.controller()
  const { kube } = world
  await kube.apply(...webShop())
  const gate = await gateOf(kube, 'web', limitMs)
  const web = (version: string): App => ({ replicas: pods, version, gate, preStop: 0, maxSurge: '100%' })
  await kube.apply(app('web', web('one')))
  await settledAt(kube, 'web', web('one'), limitMs)

  const since = world.cloud.journal.since().at(-1)?.n ?? 0
  const beganAt = Date.now()
  await kube.apply(app('web', web('two')))
  const at = await milestones(world, gate)
  const calls = world.cloud.journal.since(since).filter(({ accessKey }) => accessKey === 'CONTROLLER')
  const count = (action: string): number => calls.filter((call) => call.action === action).length
  const seconds = (time: number): number => (time - beganAt) / 1000
  return {
    pods,
    containersReady: seconds(at.ready),
    registered: seconds(calls.findLast(({ action }) => action === 'RegisterTargets')?.at ?? Number.NaN),
    healthy: seconds(at.healthy),
    gatesTrue: seconds(at.gates),
    registers: count('RegisterTargets'),
    deregisters: count('DeregisterTargets'),
    describes: count('DescribeTargetHealth'),
    refused: calls.filter(({ error }) => error !== undefined).length,
    leastCalls: Math.ceil(pods / perCall),
  }
}

/** When each of it was so of all new pods; the old ones are deregistered by then. */
async function milestones(
  { kube, account }: TestWorld,
  gate: string,
): Promise<{ readonly ready: number; readonly healthy: number; readonly gates: number }> {
  const fresh = async (): Promise<readonly SeenPod[]> =>
    (await podsOf(kube, 'web')).filter(({ metadata }) => metadata.annotations?.['version'] === 'two')
  const all = async (type: string): Promise<boolean> => {
    const good = (await fresh()).filter(({ status }) =>
      status?.conditions?.some((one) => one.type === type && one.status === 'True'),
    )
    return good.length === pods
  }
  const targets = () => [...account.targetGroups.values()].flatMap((group) => [...group.targets.values()])
  const ready = await when(() => all('ContainersReady'))
  const ips = new Set((await fresh()).map(({ status }) => status?.podIP ?? ''))
  const healthy = await when(() => {
    const ours = targets().filter(({ id }) => ips.has(id))
    return ours.length === pods && ours.every(({ health }) => health.State === 'healthy')
  })
  const gates = await when(() => all(gate))
  await when(() => targets().filter(({ drainingUntil }) => drainingUntil === undefined).length === pods)
  return { ready, healthy, gates }
}

async function when(done: () => boolean | Promise<boolean>): Promise<number> {
  const deadline = Date.now() + limitMs
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`not so after ${limitMs / 1000} s: ${done.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return Date.now()
}
