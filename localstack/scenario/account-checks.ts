/** What the scenario `account` looks at: what is there, and how many calls it took. */
import type { Rule } from '@aws-sdk/client-elastic-load-balancing-v2'
import { sha256 } from '../../src/lib/hash.ts'
import { type Checks, expect, expectEqual } from './check.ts'
import { holdingsOf, type Tags } from './holdings.ts'
import { openingsOf, rulesOf, targetsOf, valuesOf } from './look.ts'
import type { AccountWorld } from './scenario.ts'
import type { Show } from './show.ts'
import { group } from './stage.ts'

export type Stage = { readonly world: AccountWorld; readonly checks: Checks; readonly show: Show }
type Pod = { readonly metadata: { readonly name: string }; readonly status?: { readonly podIP?: string } }

/** Of the target group of Service frontend. */
const resource = 'workshop/workshopingress-frontend:80'
const quietMs = 1_200
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** As ALBC computes names, here from its documentation. */
const short = (...inputs: readonly string[]): string => sha256(inputs.join('')).slice(0, 10)
/** Whatever else a flag puts on all. */
const ours = (tags: Tags): Tags =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => key.includes('.k8s.aws/')))

/** AWS tells them in two places, an emulator perhaps in one. */
const pathsOf = (rule: Rule): readonly string[] =>
  rule.Conditions?.find(({ Field }) => Field === 'path-pattern')?.PathPatternConfig?.Values ??
  valuesOf(rule, 'path-pattern')

/** Its ARN. */
export async function built({ world, checks }: Stage, hostname: string): Promise<string> {
  const { clusterName, region, patienceMs } = world
  return await checks.until(
    'one load balancer: internet-facing, active, with the name and the tags of ALBC',
    async () => {
      const { loadBalancers } = await holdingsOf(world)
      const [one] = loadBalancers
      expect(loadBalancers.length === 1 && one !== undefined, `${loadBalancers.length} load balancers`)
      const name = `k8s-productcatalog-${short(clusterName, group, 'internet-facing')}`
      expectEqual(
        [one.LoadBalancerName, one.Scheme, one.State?.Code, one.DNSName, ours(one.tags)],
        [
          name,
          'internet-facing',
          'active',
          hostname,
          {
            'elbv2.k8s.aws/cluster': clusterName,
            'ingress.k8s.aws/stack': group,
            'ingress.k8s.aws/resource': 'LoadBalancer',
          },
        ],
        'the load balancer',
      )
      expect(hostname.startsWith(`${name}-`), `the hostname is ${hostname}`)
      expect(hostname.includes(`.${region}.elb.`), `the hostname is ${hostname}`)
      return one.LoadBalancerArn ?? ''
    },
    { withinMs: patienceMs, show: () => hostname },
  )
}

const addresses = async ({ kube }: AccountWorld, app: string): Promise<string[]> =>
  (await kube.list<Pod>(`/api/v1/namespaces/workshop/pods?labelSelector=app%3D${app}`))
    .flatMap(({ status }) => status?.podIP ?? [])
    .sort()

export async function routed({ world, checks }: Stage, loadBalancer: string): Promise<void> {
  await checks.until(
    'its rules: 503 for the missing Service, then the target group, then 404; the pods are its targets',
    async () => {
      const rules = await rulesOf(world, loadBalancer)
      expectEqual(
        rules.map((rule) => [...pathsOf(rule), rule.Actions?.[0]?.FixedResponseConfig?.StatusCode]),
        [['/new', '/new/*', '503'], ['/*', undefined], ['404']],
        'the rules',
      )
      const [config] = rules[1]?.Actions?.[0]?.ForwardConfig?.TargetGroups ?? []
      const { targetGroups } = await holdingsOf(world)
      expectEqual(
        targetGroups.map(({ TargetGroupArn, tags }) => [TargetGroupArn, ours(tags)]),
        [
          [
            config?.TargetGroupArn,
            {
              'elbv2.k8s.aws/cluster': world.clusterName,
              'ingress.k8s.aws/stack': group,
              'ingress.k8s.aws/resource': resource,
            },
          ],
        ],
        'the target groups',
      )
      expectEqual(await targets(world, config?.TargetGroupArn), await addresses(world, 'frontend'), 'targets')
    },
    { withinMs: world.patienceMs },
  )
}

/** Addresses of those that are not leaving. */
async function targets(world: AccountWorld, arn = ''): Promise<string[]> {
  const all = await targetsOf(world, arn)
  return all.filter((one) => !one.endsWith(' draining')).map((one) => one.split(':9000 ')[0] ?? '')
}

export async function guarded({ world, checks }: Stage): Promise<void> {
  await checks.until(
    'its security group is open on 80 to everybody; the nodes are open on 9000 to the shared backend group',
    async () => {
      const { securityGroups, nodeRules } = await holdingsOf(world)
      const by = (key: string, value: string) =>
        securityGroups.find(({ Tags }) => Tags?.some((tag) => tag.Key === key && tag.Value === value))
      const managed = by('ingress.k8s.aws/resource', 'ManagedLBSecurityGroup')
      const backend = by('elbv2.k8s.aws/resource', 'backend-sg')
      expectEqual(openingsOf(managed), [['tcp', 80, 80, ['0.0.0.0/0']]], 'the rules of its security group')
      expectEqual(nodeRules, [`9000-9000 from ${backend?.GroupId}`], 'the rules of the nodes')
    },
    { withinMs: world.patienceMs },
  )
}

const total = (calls: ReadonlyMap<string, number>): number => [...calls.values()].reduce((a, b) => a + b, 0)

export async function quiet({ world, checks }: Stage): Promise<void> {
  await checks.until(
    'a pass that changes nothing makes 0 AWS calls',
    async () => {
      const before = await world.controller.calls()
      await world.kube.patch('/apis/networking.k8s.io/v1/namespaces/workshop/ingresses/workshopingress', {
        metadata: { annotations: { 'example.com/touched': String(Date.now()) } },
      })
      await pause(quietMs)
      const after = await world.controller.calls()
      const made = [...after].filter(([action, n]) => n > (before.get(action) ?? 0))
      expect(total(after) > 0, 'its metrics tell of no call')
      expect(made.length === 0, `it called ${made.map(([action]) => action).join(', ')}`)
      return `${total(after)} calls so far`
    },
    { withinMs: world.patienceMs },
  )
}

export async function joined({ world, checks }: Stage, loadBalancer: string): Promise<void> {
  await checks.until(
    'a Service that comes to be gets the requests that were 503; a second Ingress has its rule first',
    async () => {
      const rules = await rulesOf(world, loadBalancer)
      expectEqual(rules.map(pathsOf), [['/offers', '/offers/*'], ['/new', '/new/*'], ['/*'], []], 'the paths')
      const [, second] = rules
      const [leads] = second?.Actions?.[0]?.ForwardConfig?.TargetGroups ?? []
      expectEqual(
        await targets(world, leads?.TargetGroupArn),
        await addresses(world, 'frontendnew'),
        'targets',
      )
      const { loadBalancers, targetGroups } = await holdingsOf(world)
      expectEqual([loadBalancers.length, targetGroups.length], [1, 3], 'load balancers and target groups')
    },
    { withinMs: world.patienceMs },
  )
}

export async function replaced({ world, checks }: Stage): Promise<void> {
  const path = '/api/v1/namespaces/workshop/pods?labelSelector=app%3Dfrontend'
  const [victim] = await world.kube.list<Pod>(path)
  const name = victim?.metadata.name ?? ''
  await world.kube.remove({ kind: 'Pod', metadata: { namespace: 'workshop', name } })
  await checks.until(
    "a deleted pod is replaced: its address goes, the new one's comes",
    async () => {
      const pods = await world.kube.list<Pod>(path)
      expect(pods.length === 3 && pods.every((pod) => pod.metadata.name !== name), 'it is not replaced yet')
      const { targetGroups } = await holdingsOf(world)
      const group = targetGroups.find(({ tags }) => tags['ingress.k8s.aws/resource'] === resource)
      expectEqual(await targets(world, group?.TargetGroupArn), await addresses(world, 'frontend'), 'targets')
    },
    { withinMs: world.patienceMs },
  )
}

export async function restarted({ world, checks, show }: Stage): Promise<void> {
  // What somebody waits for now would be a write of the next one's.
  await pause(quietMs)
  await world.controller.kill()
  const { readyMs } = await world.controller.start()
  show.note(`  killed, restarted, ready in ${readyMs} ms`)
  await pause(quietMs)
  await checks.until(
    'after kill -9 and a restart: no write',
    async () => {
      const calls = await world.controller.calls()
      const writes = [...calls].filter(([action]) => !/^(Describe|Get|List)/.test(action))
      expect(writes.length === 0, `it wrote ${writes.map(([action]) => action).join(', ')}`)
      expect(calls.size > 0, 'it has read nothing yet')
      return `0 writes, ${total(calls)} reads`
    },
    { withinMs: 5_000 },
  )
}
