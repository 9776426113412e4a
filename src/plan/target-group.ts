/** Target groups: create, keep up to date, hand the resource id to a replacement, delete once nothing names them. */
import { equal } from '../lib/json.ts'
import type { ActualTargetGroup } from '../model/actual.ts'
import { refKey } from '../model/ref.ts'
import { resourceTag } from '../model/tag.ts'
import type { TargetGroup } from '../model/target-group.ts'
import { bindingGone, bindingOf, deleteBinding, planBinding } from './binding.ts'
import { targetGroupDefaults } from './default-attribute.ts'
import { byText, draft, group, join, step, type Draft } from './draft.ts'
import { attributesRead, needsBackendSecurityGroup } from './load-balancer.ts'
import type { Step } from './step.ts'
import { tagChange, tagSteps, type TagChange } from './tag.ts'
import { identityOf, isSuperseded } from './identity.ts'
import { creators, type TargetGroupMatch, type World } from './world.ts'

export function planTargetGroups(world: World): Draft {
  const bindable = !needsBackendSecurityGroup(world)
  const drafts = world.targetGroups.map((match) => {
    const own = match.actual
      ? modifyTargetGroup(match.desired, match.actual)
      : createTargetGroup(world, match)
    return bindable ? join([own, planBinding(world, match)]) : own
  })
  return join([...drafts, planTargetGroupTags(world)])
}

function createTargetGroup(world: World, { desired, ref }: TargetGroupMatch): Draft {
  const { name, targetType, protocol, protocolVersion, port, ipAddressType, vpcId, healthCheck } = desired
  const control = desired.targetControlPort
  const create = step(
    {
      call: 'CreateTargetGroup',
      ref,
      name,
      targetType,
      protocol,
      protocolVersion,
      port,
      ipAddressType,
      vpcId,
      ...(control === undefined ? {} : { targetControlPort: control }),
      healthCheck,
      tags: { ...desired.tags, [resourceTag]: ref.id },
    },
    { key: refKey(ref), reason: 'missing', impact: 'none', owner: desired.owner, after: roomFirst(world) },
  )
  return draft({ steps: [create, ...attributes(ref, desired, targetGroupDefaults, [create.id])] })
}

/** What a replacement needs is made once AWS allowed the load balancer: the account may be full. */
const roomFirst = ({ place, loadBalancer, desired }: World): readonly string[] =>
  place.role === 'next' && !loadBalancer && desired.loadBalancer ? creators([desired.loadBalancer.ref]) : []

function attributes(
  targetGroup: TargetGroupMatch['ref'] | string,
  desired: TargetGroup,
  served: Readonly<Record<string, string>>,
  after: readonly string[],
): Step[] {
  const changed = Object.entries(desired.attributes).filter(([key, value]) => served[key] !== value)
  if (changed.length === 0) return []
  const key = typeof targetGroup === 'string' ? targetGroup : refKey(targetGroup)
  return [
    step(
      { call: 'ModifyTargetGroupAttributes', targetGroup, attributes: Object.fromEntries(changed) },
      { key, reason: 'attributes changed', impact: 'in place', owner: desired.owner, after },
    ),
  ]
}

function modifyTargetGroup(desired: TargetGroup, served: ActualTargetGroup): Draft {
  const { healthCheck, owner } = desired
  const steps = equal(healthCheck, { ...served.healthCheck, ...unstated(healthCheck, served) })
    ? []
    : [
        step(
          { call: 'ModifyTargetGroup', targetGroup: served.arn, healthCheck },
          { key: served.arn, reason: 'health check changed', impact: 'in place', owner },
        ),
      ]
  const stated = Object.keys(desired.attributes).length > 0
  if (!stated) return draft({ steps })
  if (!served.attributes) return draft({ steps, waits: [attributesRead(served.arn)] })
  return draft({ steps: [...steps, ...attributes(served.arn, desired, served.attributes, [])] })
}

/** What AWS adds of its own accord never counts. */
const unstated = (wanted: TargetGroup['healthCheck'], served: ActualTargetGroup): object =>
  Object.fromEntries(
    Object.keys(served.healthCheck)
      .filter((key) => !(key in wanted))
      .map((key) => [key, undefined]),
  )

/** But for the resource id, which is handed over apart. */
function planTargetGroupTags(world: World): Draft {
  const changes = world.targetGroups.flatMap(({ desired, actual }): TagChange[] => {
    if (!actual) return []
    const wanted = { ...desired.tags, [resourceTag]: actual.tags[resourceTag] ?? '' }
    const change = tagChange(wanted, actual.tags, world.input.settings, 'spare legacy')
    return [{ resource: actual.arn, owner: desired.owner, ...change }]
  })
  return tagSteps(changes, { keepSurplus: false })
}

/** What will still name target groups once the steps so far have run, and which steps let go of the rest. */
export type Naming = {
  readonly kept: ReadonlySet<string>
  readonly after: (arn: string) => readonly string[]
}

export function planSurplusTargetGroups(world: World, naming: Naming): Draft {
  const wanted = new Set(world.targetGroups.flatMap(({ actual }) => (actual ? [actual.arn] : [])))
  const surplus = world.actual.targetGroups
    .filter(({ arn }) => !wanted.has(arn) && !naming.kept.has(arn))
    .filter((one) => !isHeld(world, one) || isOnItsWayOut(world, one))
    .sort((a, b) => byText(a.arn, b.arn))
  return join(surplus.map((one) => deleteTargetGroup(world, one, naming.after(one.arn))))
}

/** Target groups bear `<namespace>/<ingress>-<service>:<port>`. */
const isHeld = (world: World, one: ActualTargetGroup): boolean =>
  world.desired.held.some((member) => identityOf(one).base.startsWith(`${member}-`))

/** Of a held member only what was so when it became held goes on, and what served a load balancer that is gone. */
const isOnItsWayOut = (world: World, one: ActualTargetGroup): boolean =>
  isSuperseded(one) || world.place.strays.has(one.arn) || bindingOf(world, one.arn) === undefined

function deleteTargetGroup(world: World, one: ActualTargetGroup, after: readonly string[]): Draft {
  const binding = bindingOf(world, one.arn)
  if (binding)
    return binding.metadata.deletionTimestamp
      ? draft({ waits: [bindingGone(binding)] })
      : draft({ steps: [deleteBinding(binding, group, after)], waits: [bindingGone(binding)] })
  const draining = (world.actual.targets[one.arn] ?? []).some(({ state }) => state === 'draining')
  // A replaced one still answers requests that began before the switch.
  if (draining && isSuperseded(one))
    return draft({
      waits: [
        { for: 'draining', on: one.arn, afterMs: 10_000, why: 'replaced targets finish their requests' },
      ],
    })
  return draft({
    steps: [
      step(
        { call: 'DeleteTargetGroup', targetGroup: one.arn },
        { key: one.arn, reason: 'no rule names it', impact: 'deletes', after },
      ),
    ],
  })
}
