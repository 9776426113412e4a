/** Desired states in a few words, and the way from one to the next. */
import type { Condition } from '../../src/route/condition.ts'
import type { Action } from '../../src/model/action.ts'
import type { Desired } from '../../src/model/desired.ts'
import type { Listener, Rule, RuleItem } from '../../src/model/listener.ts'
import { backendSecurityGroup, type Ref } from '../../src/model/ref.ts'
import { settings } from '../../src/model/settings.ts'
import { clusterTag, resourceTag, stackTag } from '../../src/model/tag.ts'
import type { TargetGroup } from '../../src/model/target-group.ts'
import { plan } from '../../src/plan/plan.ts'
import type { Plan, Step } from '../../src/plan/step.ts'
import type { PlanInput } from '../../src/plan/world.ts'
import { applyPlan, empty, settle, simOf, type Sim } from './simulate.ts'

export const input: PlanInput = {
  now: 1_000_000,
  settings: settings({ clusterName: 'demo', region: 'eu-west-1', vpcId: 'vpc-1' }),
}

const stack = 'team'
const tags = { [clusterTag]: 'demo', [stackTag]: stack }

/** `web` or `web/HTTPS`: a target group of Ingress `ns/app` by Service, with its protocol. */
const groupRef = (spec: string): Ref => {
  const [service = '', protocol = 'HTTP'] = spec.split('/')
  return { ref: 'targetGroup', stack, id: `ns/app-${service}:80`, incarnation: protocol }
}

export function targetGroup(spec: string): TargetGroup {
  const [service = '', protocol = 'HTTP'] = spec.split('/')
  const ref = groupRef(spec)
  const name = `k8s-ns-${service}-0123456789`
  return {
    ref,
    name,
    targetType: 'ip',
    protocol,
    protocolVersion: 'HTTP1',
    port: 8080,
    ipAddressType: 'ipv4',
    vpcId: 'vpc-1',
    healthCheck: {
      port: 'traffic-port',
      protocol,
      path: '/',
      matcher: { httpCode: '200' },
      intervalSeconds: 15,
      timeoutSeconds: 5,
      healthyThresholdCount: 2,
      unhealthyThresholdCount: 2,
    },
    attributes: {},
    tags: { ...tags, [resourceTag]: ref.id },
    owner: 'ns/app',
    binding: {
      namespace: 'ns',
      name,
      labels: { 'ingress.k8s.aws/stack': stack },
      serviceRef: { name: service, port: 80 },
      networking: { ingress: [{ from: [backendSecurityGroup], ports: [{ protocol: 'TCP', port: 8080 }] }] },
    },
  }
}

export const forward = (spec: string): Action => ({
  type: 'forward',
  targetGroups: [{ targetGroup: groupRef(spec) }],
})
const fixed = (statusCode = '503'): Action => ({ type: 'fixed-response', statusCode })

export const rule = (path: string, to: string, owner = 'ns/app'): Rule => ({
  owner,
  conditions: [{ field: 'path-pattern', values: [path] }],
  actions: [/^\d+$/.test(to) ? fixed(to) : forward(to)],
  transforms: [],
  tags,
})

export const listener = (port: number, rules: readonly RuleItem[]): Listener => ({
  ref: { ref: 'listener', stack, id: String(port) },
  port,
  protocol: 'HTTP',
  defaultActions: { is: [fixed('404')] },
  certificates: { is: [] },
  attributes: {},
  tags: { ...tags, [resourceTag]: String(port) },
  rules,
})

const managed: Ref = { ref: 'securityGroup', stack, id: 'ManagedLBSecurityGroup' }

export function desired(listeners: readonly Listener[], change: Partial<Desired> = {}): Desired {
  const specs = listeners.flatMap(({ rules }) =>
    rules.flatMap((item) =>
      'held' in item
        ? []
        : item.actions.flatMap((action) =>
            action.type === 'forward' ? action.targetGroups.map(({ targetGroup: name }) => specOf(name)) : [],
          ),
    ),
  )
  return {
    stack,
    loadBalancer: {
      ref: { ref: 'loadBalancer', stack, id: 'LoadBalancer' },
      name: { internal: 'k8s-team-internal', 'internet-facing': 'k8s-team-public' },
      scheme: { is: 'internet-facing' },
      ipAddressType: { is: 'ipv4' },
      subnets: { is: ['subnet-a', 'subnet-b'] },
      securityGroups: { is: [managed, backendSecurityGroup] },
      attributes: {},
      tags: { ...tags, [resourceTag]: 'LoadBalancer' },
    },
    securityGroups: [
      {
        ref: managed,
        name: 'k8s-team',
        description: 'managed',
        tags: { ...tags, [resourceTag]: managed.id },
        ingress: listeners.map(({ port }) => ({
          protocol: 'tcp',
          fromPort: port,
          toPort: port,
          source: { cidr: '0.0.0.0/0' },
        })),
      },
    ],
    listeners,
    targetGroups: [...new Set(specs)].sort().map(targetGroup),
    held: [],
    gone: false,
    ...change,
  }
}

const specOf = (name: string | Ref): string =>
  typeof name === 'string' ? name : `${/-(.*):/.exec(name.id)?.[1] ?? ''}/${name.incarnation ?? 'HTTP'}`

export const gone = (): Desired => {
  const { loadBalancer: _, ...rest } = desired([])
  return { ...rest, securityGroups: [], gone: true }
}

export const calls = (steps: readonly Step[]): string[] => steps.map(({ call }) => call)

/** Plans and applies until nothing is left to do or to wait for. */
export function converge(
  wanted: Desired,
  from: Sim = simOf(empty),
  given: PlanInput = input,
): { readonly sim: Sim; readonly plans: readonly Plan[]; readonly steps: readonly Step[] } {
  let sim = settle(from)
  const plans: Plan[] = []
  for (let pass = 0; pass < 20; pass += 1) {
    const next = plan(wanted, sim.actual, given)
    if (next.steps.length === 0 && next.waits.length === 0)
      return { sim, plans, steps: plans.flatMap(({ steps }) => steps) }
    plans.push(next)
    const applied = applyPlan(sim, next.steps).sim
    sim = next.waits.some((wait) => wait.for === 'attributesRead') ? withAttributes(applied) : applied
  }
  throw new Error(`does not converge: ${JSON.stringify(plans.at(-1), null, 1)}`)
}

/** As read: what was never set has AWS's defaults, which are nothing here. */
const withAttributes = (sim: Sim): Sim => {
  const read = <T extends { readonly attributes?: unknown }>(list: readonly T[]): T[] =>
    list.map((one) => ({ attributes: {}, ...one }))
  const { actual } = sim
  return {
    ...sim,
    actual: {
      ...actual,
      loadBalancers: read(actual.loadBalancers),
      listeners: read(actual.listeners),
      targetGroups: read(actual.targetGroups),
    },
  }
}

/** The path of a rule of these fixtures, which have one each. */
export const pathOf = ([first]: readonly Condition[]): string =>
  first?.field === 'path-pattern' ? (first.values?.[0] ?? '') : ''
