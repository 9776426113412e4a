/**
 * 300 pods behind one Service get another template, all at once, with readiness gates: how long until every gate is True, and
 * with how many calls. AWS's buckets (4 registrations a second, 20 at once), 5 s of propagation and a health check included.
 */
import { ingress, ingressClass, namespace, service } from '../localstack/scenario/manifest.ts'
import { timings } from '../localstack/timing.ts'
import { type App, app, gateOf, podsOf, type SeenPod, settledAt } from '../test/end-to-end/pods-fixture.ts'
import { startTestWorld } from '../test/world.ts'

const pods = 300
const limitMs = 600_000
const perCall = 200
const timing = { ...timings.aws, loadBalancerActiveMs: 0, healthCheckTimeoutFloorMs: 10_000 }

const world = await startTestWorld(timing, { onlookers: ['123456789012'] })
world.controller()
const { kube } = world
await kube.apply(
  namespace('shop'),
  ingressClass('alb'),
  service('web', { namespace: 'shop', port: 80, targetPort: 8080 }),
  ingress('web', {
    namespace: 'shop',
    class: 'alb',
    annotations: { scheme: 'internet-facing', 'target-type': 'ip' },
    paths: [{ path: '/', service: 'web', port: 80 }],
  }),
)
const gate = await gateOf(kube, 'web', limitMs)
const web = (version: string): App => ({ replicas: pods, version, gate, preStop: 0, maxSurge: '100%' })
await kube.apply(app('web', web('one')))
await settledAt(kube, 'web', web('one'), limitMs)

const since = world.cloud.journal.since().at(-1)?.n ?? 0
const beganAt = Date.now()
await kube.apply(app('web', web('two')))
const fresh = async (): Promise<readonly SeenPod[]> =>
  (await podsOf(kube, 'web')).filter(({ metadata }) => metadata.annotations?.['version'] === 'two')
const all = async (type: string): Promise<boolean> => {
  const some = await fresh()
  const good = some.filter(({ status }) =>
    status?.conditions?.some((one) => one.type === type && one.status === 'True'),
  )
  return good.length === pods
}
const when = async (done: () => boolean | Promise<boolean>): Promise<number> => {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 200))
  return Date.now()
}
const readyAt = await when(() => all('ContainersReady'))
const ips = new Set((await fresh()).map(({ status }) => status?.podIP ?? ''))
const healthyAt = await when(() => {
  const [group] = world.account.targetGroups.values()
  const targets = [...(group?.targets.values() ?? [])].filter(({ id }) => ips.has(id))
  return targets.length === pods && targets.every(({ health }) => health.State === 'healthy')
})
const gatesAt = await when(() => all(gate))
const staying = (): number => {
  const [group] = world.account.targetGroups.values()
  return [...(group?.targets.values() ?? [])].filter(({ drainingUntil }) => drainingUntil === undefined)
    .length
}
await when(() => staying() === pods)

const calls = world.cloud.journal.since(since).filter(({ accessKey }) => accessKey === 'CONTROLLER')
const count = (action: string): number => calls.filter((call) => call.action === action).length
const seconds = (from: number, to: number): string => ((to - from) / 1000).toFixed(1)
const [registers, deregisters] = [count('RegisterTargets'), count('DeregisterTargets')]
const registeredAt = calls.findLast(({ action }) => action === 'RegisterTargets')?.at ?? 0
console.log(`${pods} pods rolled at once, with readiness gates: seconds until`)
console.log(`  ${seconds(beganAt, readyAt)}  all containers are ready`)
console.log(`  ${seconds(beganAt, registeredAt)}  the last call of RegisterTargets`)
console.log(
  `  ${seconds(beganAt, healthyAt)}  all targets are healthy: 5 s of propagation and a health check`,
)
console.log(`  ${seconds(beganAt, gatesAt)}  all gates are True`)
const least = Math.ceil(pods / perCall)
console.log(
  `  ${registers} RegisterTargets, ${deregisters} DeregisterTargets (at the least ${least} of each, ${perCall} a call), ${count('DescribeTargetHealth')} DescribeTargetHealth, ${calls.filter(({ error }) => error !== undefined).length} refused`,
)
await world.end()
