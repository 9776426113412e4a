/** A small AWS and cluster without time: applies one step to an Actual, or refuses it as AWS would. */
import { partOf } from '../../src/plan/add-on.ts'
import type { Action } from '../../src/model/action.ts'
import {
  type Actual,
  type ActualLoadBalancer,
  type ActualRule,
  type AddOns,
  noFrontend,
  type Target,
} from '../../src/model/actual.ts'
import type { TargetGroupBinding } from '../../src/model/cluster.ts'
import type { TargetGroupBindingSpec } from '../../src/kind/target-group-binding.ts'
import { backendSecurityGroup, isFrontend, isRef, refKey } from '../../src/model/ref.ts'
import { keyOfName } from '../../src/plan/draft.ts'
import { permissionKey } from '../../src/plan/match.ts'
import type { BindingSpec, Name, Step } from '../../src/plan/step.ts'

export type Sim = {
  readonly actual: Actual
  /** What creates answered, by Ref. */
  readonly made: Readonly<Record<string, string>>
  readonly serial: number
}
type Applied = { readonly sim: Sim } | { readonly refused: string }

export const empty: Actual = {
  stack: 'team',
  loadBalancers: [],
  listeners: [],
  rules: [],
  targetGroups: [],
  frontend: noFrontend,
  securityGroups: [],
  backendSecurityGroup: 'sg-backend',
  bindings: [],
  targets: {},
}

export const simOf = (actual: Actual): Sim => ({ actual, made: {}, serial: 1 })

class Refusal extends Error {}
const refuse = (code: string): never => {
  throw new Refusal(code)
}

function applyStep(sim: Sim, step: Step): Applied {
  try {
    return { sim: run(sim, step) }
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.message }
    throw error
  }
}

function resolve(sim: Sim, name: Name): string {
  if (!isRef(name)) return name
  if (refKey(name) === refKey(backendSecurityGroup))
    return sim.actual.backendSecurityGroup ?? refuse('Unresolved')
  return sim.made[refKey(name)] ?? refuse('Unresolved')
}

const put = <T>(list: readonly T[], is: (one: T) => boolean, change: (one: T) => T): T[] => {
  if (!list.some(is)) refuse('NotFound')
  return list.map((one) => (is(one) ? change(one) : one))
}

const drop = <T>(list: readonly T[], is: (one: T) => boolean): T[] => {
  if (!list.some(is)) refuse('NotFound')
  return list.filter((one) => !is(one))
}

const resolveActions = (sim: Sim, actions: readonly Action[]): Action[] =>
  actions.map((action) =>
    action.type === 'forward'
      ? {
          ...action,
          targetGroups: action.targetGroups.map((tuple) => {
            const arn = resolve(sim, tuple.targetGroup)
            const foreign = arn.startsWith('arn:')
            if (!foreign && !sim.actual.targetGroups.some((one) => one.arn === arn))
              refuse('TargetGroupNotFound')
            return { ...tuple, targetGroup: arn }
          }),
        }
      : action,
  )

const resolveSpec = (
  sim: Sim,
  { networking, ...rest }: BindingSpec,
  arn: string,
): TargetGroupBindingSpec => ({
  ...rest,
  targetGroupARN: arn,
  ...(networking
    ? {
        networking: {
          ingress: networking.ingress.map(({ from, ports }) => ({
            ports,
            from: from.map(({ securityGroup }) => ({
              securityGroup: { groupID: resolve(sim, securityGroup.groupID) },
            })),
          })),
        },
      }
    : {}),
})

/** The load balancer in front and what is its own, as steps name it. */
function isInFront({ actual: { frontend }, made }: Sim, step: Step): boolean {
  if ('ref' in step) return isFrontend(step.ref)
  const named = [
    'loadBalancer' in step ? step.loadBalancer : undefined,
    'listener' in step ? step.listener : undefined,
    'targetGroup' in step ? step.targetGroup : undefined,
    ...('resources' in step ? step.resources : []),
  ].map((name) => (isRef(name) ? made[refKey(name)] : name))
  return Object.values(frontend).some((list) => list.some(({ arn }) => named.includes(arn)))
}

function run(sim: Sim, step: Step): Sim {
  if (!isInFront(sim, step)) return runBehind(sim, step)
  const { actual } = sim
  const apart = runBehind({ ...sim, actual: { ...actual, ...actual.frontend, rules: [] } }, step)
  const { loadBalancers, listeners, targetGroups, targets } = apart.actual
  return { ...apart, actual: { ...actual, targets, frontend: { loadBalancers, listeners, targetGroups } } }
}

function runBehind(sim: Sim, step: Step): Sim {
  const with_ = (change: Partial<Actual>): Sim => ({ ...sim, actual: { ...sim.actual, ...change } })
  const create = (
    kind: string,
    ref: Parameters<typeof refKey>[0] | undefined,
    change: (arn: string) => Partial<Actual>,
  ): Sim => {
    const arn = `${kind}-${sim.serial}`
    const made = ref ? { ...sim.made, [refKey(ref)]: arn } : sim.made
    return { ...with_(change(arn)), made, serial: sim.serial + 1 }
  }
  const { actual } = sim
  switch (step.call) {
    case 'CreateSecurityGroup':
      return create('sg', step.ref, (id) => ({
        securityGroups: [
          ...actual.securityGroups,
          { id, name: step.name, vpcId: step.vpcId, tags: step.tags, ingress: [] },
        ],
      }))
    case 'AuthorizeSecurityGroupIngress':
    case 'RevokeSecurityGroupIngress': {
      const id = resolve(sim, step.group)
      const keys = new Set(step.permissions.map(permissionKey))
      return with_({
        securityGroups: put(
          actual.securityGroups,
          (one) => one.id === id,
          (one) => {
            const rest = one.ingress.filter((permission) => !keys.has(permissionKey(permission)))
            if (step.call === 'RevokeSecurityGroupIngress') return { ...one, ingress: rest }
            if (rest.length < one.ingress.length) refuse('InvalidPermission.Duplicate')
            return { ...one, ingress: [...rest, ...step.permissions] }
          },
        ),
      })
    }
    case 'DeleteSecurityGroup': {
      if (actual.loadBalancers.some(({ securityGroups }) => securityGroups.includes(step.group)))
        refuse('DependencyViolation')
      return with_({ securityGroups: drop(actual.securityGroups, ({ id }) => id === step.group) })
    }
    case 'CreateTags':
      return with_({
        securityGroups: put(
          actual.securityGroups,
          ({ id }) => id === step.group,
          (one) => ({ ...one, tags: { ...one.tags, ...step.tags } }),
        ),
      })
    case 'DeleteTags':
      return with_({
        securityGroups: put(
          actual.securityGroups,
          ({ id }) => id === step.group,
          (one) => ({ ...one, tags: without(one.tags, step.keys) }),
        ),
      })
    default:
      return runGroup(sim, step, with_, create)
  }
}

function runGroup(sim: Sim, step: Step, with_: With, create: Create): Sim {
  const { actual } = sim
  switch (step.call) {
    case 'CreateTargetGroup': {
      if (actual.targetGroups.some(({ name }) => name === step.name)) refuse('DuplicateTargetGroupName')
      const { name, targetType, protocol, protocolVersion, port, ipAddressType, vpcId, healthCheck, tags } =
        step
      return create('tg', step.ref, (arn) => ({
        targetGroups: [
          ...actual.targetGroups,
          {
            arn,
            name,
            targetType,
            protocol,
            protocolVersion: protocolVersion ?? 'HTTP1',
            port,
            ipAddressType,
            vpcId,
            healthCheck,
            tags,
            loadBalancerArns: [],
            ...(step.targetControlPort === undefined ? {} : { targetControlPort: step.targetControlPort }),
          },
        ],
      }))
    }
    case 'ModifyTargetGroup':
      return with_({
        targetGroups: put(
          actual.targetGroups,
          ({ arn }) => arn === resolve(sim, step.targetGroup),
          (one) => ({ ...one, healthCheck: step.healthCheck }),
        ),
      })
    case 'ModifyTargetGroupAttributes':
      return with_({
        targetGroups: put(
          actual.targetGroups,
          ({ arn }) => arn === resolve(sim, step.targetGroup),
          (one) => ({ ...one, attributes: { ...one.attributes, ...step.attributes } }),
        ),
      })
    case 'DeleteTargetGroup': {
      if (namedBy(actual).has(step.targetGroup)) refuse('ResourceInUse')
      return with_({ targetGroups: drop(actual.targetGroups, ({ arn }) => arn === step.targetGroup) })
    }
    case 'CreateLoadBalancer': {
      const { name, scheme, ipAddressType, subnets, tags } = step
      if (actual.loadBalancers.some((one) => one.name === name)) refuse('DuplicateLoadBalancerName')
      const securityGroups = step.securityGroups.map((one) => resolve(sim, one))
      return create('lb', step.ref, (arn) => ({
        loadBalancers: [
          ...actual.loadBalancers,
          {
            arn,
            name,
            scheme,
            ipAddressType,
            subnets,
            securityGroups,
            tags,
            dnsName: `${name}.test`,
            canonicalHostedZoneId: 'Z',
            state: 'active',
            type: step.type ?? 'application',
            vpcId: 'vpc-1',
            createdAt: 0,
            ...(step.ipamPool === undefined ? {} : { ipamPool: step.ipamPool }),
            addOns: nothingAttached,
          },
        ],
      }))
    }
    case 'SetSecurityGroups':
      return with_({
        loadBalancers: put(
          actual.loadBalancers,
          ({ arn }) => arn === resolve(sim, step.loadBalancer),
          (one) => ({ ...one, securityGroups: step.securityGroups.map((name) => resolve(sim, name)) }),
        ),
      })
    case 'SetSubnets':
      return with_({
        loadBalancers: put(
          actual.loadBalancers,
          ({ arn }) => arn === step.loadBalancer,
          (one) => ({ ...one, subnets: step.subnets }),
        ),
      })
    case 'SetIpAddressType':
      return with_({
        loadBalancers: put(
          actual.loadBalancers,
          ({ arn }) => arn === step.loadBalancer,
          (one) => ({ ...one, ipAddressType: step.ipAddressType }),
        ),
      })
    case 'ModifyLoadBalancerAttributes':
      return with_({
        loadBalancers: put(
          actual.loadBalancers,
          ({ arn }) => arn === resolve(sim, step.loadBalancer),
          (one) => ({ ...one, attributes: { ...one.attributes, ...step.attributes } }),
        ),
      })
    case 'DeleteLoadBalancer': {
      const gone = new Set(
        actual.listeners.filter((one) => one.loadBalancerArn === step.loadBalancer).map(({ arn }) => arn),
      )
      return with_({
        loadBalancers: drop(actual.loadBalancers, ({ arn }) => arn === step.loadBalancer),
        listeners: actual.listeners.filter(({ arn }) => !gone.has(arn)),
        rules: actual.rules.filter(({ listenerArn }) => !gone.has(listenerArn)),
      })
    }
    default:
      return runListener(sim, step, with_, create)
  }
}

type With = (change: Partial<Actual>) => Sim
type Create = (
  kind: string,
  ref: Parameters<typeof refKey>[0] | undefined,
  change: (arn: string) => Partial<Actual>,
) => Sim

function runListener(sim: Sim, step: Step, with_: With, create: Create): Sim {
  const { actual } = sim
  switch (step.call) {
    case 'CreateListener': {
      const loadBalancerArn = resolve(sim, step.loadBalancer)
      if (actual.listeners.some((one) => one.port === step.port && one.loadBalancerArn === loadBalancerArn))
        refuse('DuplicateListener')
      const { port, protocol, tags, sslPolicy } = step
      const defaultActions = resolveActions(sim, step.defaultActions)
      const certificates = step.certificate === undefined ? [] : [step.certificate]
      return create('listener', step.ref, (arn) => ({
        listeners: [
          ...actual.listeners,
          {
            arn,
            loadBalancerArn,
            port,
            protocol,
            defaultActions,
            certificates,
            tags,
            ...(sslPolicy ? { sslPolicy } : {}),
          },
        ],
      }))
    }
    case 'ModifyListener':
      return with_({
        listeners: put(
          actual.listeners,
          ({ arn }) => arn === resolve(sim, step.listener),
          (one) => ({
            ...one,
            protocol: step.protocol ?? one.protocol,
            defaultActions: step.defaultActions
              ? resolveActions(sim, step.defaultActions)
              : one.defaultActions,
            certificates:
              step.certificate === undefined
                ? one.certificates
                : [step.certificate, ...one.certificates.slice(1)],
            ...(step.sslPolicy ? { sslPolicy: step.sslPolicy } : {}),
            ...(step.mutualAuthentication ? { mutualAuthentication: step.mutualAuthentication } : {}),
          }),
        ),
      })
    case 'ModifyListenerAttributes':
      return with_({
        listeners: put(
          actual.listeners,
          ({ arn }) => arn === resolve(sim, step.listener),
          (one) => ({ ...one, attributes: { ...one.attributes, ...step.attributes } }),
        ),
      })
    case 'AddListenerCertificates':
      return with_({
        listeners: put(
          actual.listeners,
          ({ arn }) => arn === resolve(sim, step.listener),
          (one) => ({ ...one, certificates: [...one.certificates, step.certificate] }),
        ),
      })
    case 'RemoveListenerCertificates':
      return with_({
        listeners: put(
          actual.listeners,
          ({ arn }) => arn === step.listener,
          (one) => {
            if (one.certificates[0] === step.certificate) refuse('OperationNotPermitted')
            return {
              ...one,
              certificates: one.certificates.filter((certificate) => certificate !== step.certificate),
            }
          },
        ),
      })
    case 'DeleteListener':
      return with_({
        listeners: drop(actual.listeners, ({ arn }) => arn === step.listener),
        rules: actual.rules.filter(({ listenerArn }) => listenerArn !== step.listener),
      })
    case 'CreateRule': {
      const listenerArn = resolve(sim, step.listener)
      if (actual.rules.some((one) => one.listenerArn === listenerArn && one.priority === step.priority))
        refuse('PriorityInUse')
      const { priority, conditions, transforms, tags } = step
      const actions = resolveActions(sim, step.actions)
      return create('rule', undefined, (arn) => ({
        rules: [...actual.rules, { arn, listenerArn, priority, conditions, actions, transforms, tags }],
      }))
    }
    case 'ModifyRule':
      return with_({
        rules: put(
          actual.rules,
          ({ arn }) => arn === step.rule,
          (one) => ({
            ...one,
            conditions: step.conditions ?? one.conditions,
            actions: step.actions ? resolveActions(sim, step.actions) : one.actions,
            transforms: step.transforms ?? one.transforms,
          }),
        ),
      })
    case 'SetRulePriorities': {
      const numbers = new Map(step.priorities.map(({ rule, priority }) => [rule, priority]))
      const rules = actual.rules.map(
        (one): ActualRule => ({ ...one, priority: numbers.get(one.arn) ?? one.priority }),
      )
      const keys = rules.map((one) => `${one.listenerArn} ${one.priority}`)
      if (new Set(keys).size < keys.length) refuse('PriorityInUse')
      return with_({ rules })
    }
    case 'DeleteRule':
      return with_({ rules: drop(actual.rules, ({ arn }) => arn === step.rule) })
    default:
      return runRest(sim, step, with_)
  }
}

function runRest(sim: Sim, step: Step, with_: With): Sim {
  const { actual } = sim
  switch (step.call) {
    case 'AddTags':
    case 'RemoveTags': {
      const change = <T extends { readonly arn: string; readonly tags: Readonly<Record<string, string>> }>(
        one: T,
      ): T =>
        step.resources.includes(one.arn)
          ? {
              ...one,
              tags: step.call === 'AddTags' ? { ...one.tags, ...step.tags } : without(one.tags, step.keys),
            }
          : one
      return with_({
        loadBalancers: actual.loadBalancers.map(change),
        listeners: actual.listeners.map(change),
        rules: actual.rules.map(change),
        targetGroups: actual.targetGroups.map(change),
      })
    }
    case 'RegisterTargets':
    case 'DeregisterTargets': {
      const isNamed = ({ id, port }: { readonly id: string; readonly port: number }): boolean =>
        step.targets.some((one) => one.id === id && one.port === port)
      const others = (actual.targets[step.targetGroup] ?? []).filter((one) => !isNamed(one))
      const joined: Target[] =
        step.call === 'RegisterTargets' ? step.targets.map((one) => ({ ...one, state: 'healthy' })) : []
      return with_({ targets: { ...actual.targets, [step.targetGroup]: [...others, ...joined] } })
    }
    case 'CreateTargetGroupBinding': {
      const { namespace, name, labels } = step
      if (actual.bindings.some(({ metadata }) => metadata.namespace === namespace && metadata.name === name))
        refuse('AlreadyExists')
      const spec = resolveSpec(sim, step.spec, resolve(sim, step.targetGroup))
      return {
        ...with_({
          bindings: [
            ...actual.bindings,
            { metadata: { namespace, name, labels, uid: `uid-${sim.serial}` }, spec },
          ],
        }),
        serial: sim.serial + 1,
      }
    }
    case 'UpdateTargetGroupBinding':
      return with_({
        bindings: put(
          actual.bindings,
          ({ metadata }) => metadata.namespace === step.namespace && metadata.name === step.name,
          (one): TargetGroupBinding => ({
            metadata: { ...one.metadata, labels: step.labels },
            spec: resolveSpec(sim, step.spec, one.spec.targetGroupARN ?? ''),
          }),
        ),
      })
    case 'DeleteTargetGroupBinding':
      return with_({
        bindings: put(
          actual.bindings,
          ({ metadata }) => metadata.uid === step.uid,
          (one) => ({ ...one, metadata: { ...one.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }),
        ),
      })
    default:
      return runAddOn(sim, step, with_)
  }
}

const nothingAttached: AddOns = {
  capacityUnits: { value: 0 },
  webAcl: { value: '' },
  classicWebAcl: { value: '' },
  protection: { value: 'none' },
}

function runAddOn(sim: Sim, step: Step, with_: With): Sim {
  if (!('loadBalancer' in step)) throw new Error(`not a group step: ${step.call}`)
  const arn = resolve(sim, step.loadBalancer)
  const change = (to: (one: ActualLoadBalancer) => ActualLoadBalancer): Sim =>
    with_({ loadBalancers: put(sim.actual.loadBalancers, (one) => one.arn === arn, to) })
  const attach = (addOns: AddOns): Sim => change((one) => ({ ...one, addOns: { ...one.addOns, ...addOns } }))
  switch (step.call) {
    case 'ModifyIpPools':
      return change(({ ipamPool: _before, ...one }) =>
        step.ipamPool === '' ? one : { ...one, ipamPool: step.ipamPool },
      )
    case 'ModifyCapacityReservation':
      return attach({ capacityUnits: { value: step.capacityUnits } })
    case 'AssociateWebACL':
      return attach({ [partOf(step)]: { value: step.webAcl } })
    case 'DisassociateWebACL':
      return attach({ [partOf(step)]: { value: '' } })
    case 'CreateProtection':
      return attach({ protection: { value: { id: `p-${arn}`, name: step.name } } })
    case 'DeleteProtection':
      return attach({ protection: { value: 'none' } })
    default:
      throw new Error(`not a group step: ${step.call}`)
  }
}

const without = (tags: Readonly<Record<string, string>>, keys: readonly string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)))

/** ARNs of the target groups that some rule or default names. */
const namedBy = (actual: Actual): Set<string> =>
  new Set(
    [
      ...actual.rules.map(({ actions }) => actions),
      ...actual.listeners.map(({ defaultActions }) => defaultActions),
    ]
      .flat()
      .flatMap((action) =>
        action.type === 'forward' ? action.targetGroups.map(({ targetGroup }) => keyOfName(targetGroup)) : [],
      ),
  )

/** The other loop's work and AWS's health checks: bound groups have a target, healthy once a rule names the group. */
export function settle(sim: Sim): Sim {
  const bindings = sim.actual.bindings.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const attached = namedBy(sim.actual)
  const targets = Object.fromEntries(
    sim.actual.targetGroups.map(({ arn }): [string, Target[]] => {
      const bound = bindings.some(({ spec }) => spec.targetGroupARN === arn)
      return [
        arn,
        bound ? [{ id: '10.0.0.1', port: 80, state: attached.has(arn) ? 'healthy' : 'unused' }] : [],
      ]
    }),
  )
  const inFront = Object.fromEntries(
    sim.actual.frontend.targetGroups.map(({ arn }) => [arn, sim.actual.targets[arn] ?? []]),
  )
  return { ...sim, actual: { ...sim.actual, bindings, targets: { ...targets, ...inFront } } }
}

export type Pass = { readonly sim: Sim; readonly done: readonly Step[]; readonly failed: readonly string[] }

/** Runs a plan's steps as apply does: a failed step stops those after it alone. */
export function applyPlan(
  sim: Sim,
  steps: readonly Step[],
  options: { readonly fails?: (step: Step) => boolean; readonly seen?: (sim: Sim, step: Step) => void } = {},
): Pass {
  let now = sim
  const done: Step[] = []
  const failed: string[] = []
  for (const step of steps) {
    if (step.after.some((id) => failed.includes(id))) {
      failed.push(step.id)
      continue
    }
    const applied: Applied = options.fails?.(step) ? { refused: 'Throttling' } : applyStep(now, step)
    if ('refused' in applied) {
      if (applied.refused !== 'Throttling' && failed.length === 0)
        throw new Error(`${step.id} refused: ${applied.refused}`)
      failed.push(step.id)
      continue
    }
    now = applied.sim
    done.push(step)
    options.seen?.(now, step)
  }
  return { sim: settle(now), done, failed }
}
