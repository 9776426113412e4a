/** What is attached to a load balancer, whichever it is: web ACLs, Shield's protection, reserved capacity. Nothing is read that nobody states. */
import type { ActualLoadBalancer, AddOn, AddOns, Protection, Seen } from '../model/actual.ts'
import type { AwsError } from '../model/aws-error.ts'
import { choose, type IngressKey } from '../model/choice.ts'
import type { LoadBalancer, Owned } from '../model/load-balancer.ts'
import type { Desired } from '../model/desired.ts'
import type { Problem } from '../model/problem.ts'
import { draft, group, join, keyOfName, step, type Draft } from './draft.ts'
import type { Call, Name, Step, Wait, WafService } from './step.ts'

/** ALBC's names: only protections that bear one are ever deleted. */
const protectionName = 'managed by aws-load-balancer-controller'
const isOurs = ({ name }: Protection): boolean =>
  name === protectionName || name === 'managed by aws-alb-ingress-controller'

export type AddOnCall = Extract<
  Call,
  {
    call:
      | 'ModifyCapacityReservation'
      | 'AssociateWebACL'
      | 'DisassociateWebACL'
      | 'CreateProtection'
      | 'DeleteProtection'
  }
>
export const isAddOnCall = (call: Call): call is AddOnCall =>
  'service' in call || /^(?:ModifyCapacityReservation|(?:Create|Delete)Protection)$/.test(call.call)

/** Which part of what is attached the call changes. */
export function partOf(call: AddOnCall): AddOn {
  if (call.call === 'ModifyCapacityReservation') return 'capacityUnits'
  if ('service' in call) return readings[call.service].part
  return 'protection'
}

/** A load balancer that this plan makes, or one that is there. */
export type Place = {
  readonly name: Name
  readonly served?: ActualLoadBalancer
  /** What it is made for in place of: where members disagree, that decides what is served. */
  readonly replaces?: ActualLoadBalancer | undefined
  /** Steps that make it. */
  readonly after: readonly string[]
  /** Epoch milliseconds. */
  readonly now: number
}

export const planAddOns = (wanted: LoadBalancer, place: Place): Draft =>
  join([
    capacity(wanted, place),
    webAcl('wafv2', wanted.webAcl, place),
    webAcl('waf-regional', wanted.classicWebAcl, place),
    shield(wanted, place),
  ])

type Reading = { readonly part: AddOn; readonly wait: Wait['for'] }
const readings = {
  capacity: { part: 'capacityUnits', wait: 'capacityRead' },
  wafv2: { part: 'webAcl', wait: 'webAclRead' },
  'waf-regional': { part: 'classicWebAcl', wait: 'classicWebAclRead' },
  shield: { part: 'protection', wait: 'protectionRead' },
} as const satisfies Record<string, Reading>

/** How long a read that AWS refused is not made again. */
const refusedMs = 60_000

type Known<T> = { readonly value: T } | { readonly draft: Draft }

/** What is served, or what has to happen before that is known. Of one that is new, `otherwise`. */
function known<T>(
  { served, now }: Place,
  owner: IngressKey,
  { wait }: Reading,
  read: (addOns: AddOns) => Seen<T> | undefined,
  otherwise: T,
): Known<T> {
  if (!served) return { value: otherwise }
  const seen = read(served.addOns ?? {})
  if (seen && 'value' in seen) return seen
  const leftMs = seen ? seen.at + refusedMs - now : 0
  const why = 'what is attached to the load balancer is stated and not read yet'
  if (!seen || leftMs <= 0)
    return { draft: draft({ waits: [{ for: wait, on: served.arn, afterMs: 0, why }] }) }
  const refused: Wait = { for: 'readRefused', on: `${served.arn} ${wait}`, afterMs: leftMs, why }
  return { draft: draft({ waits: [refused], problems: [unreadable(owner, seen.refused)] }) }
}

function unreadable(owner: IngressKey, { call, code, message, kind, permission }: AwsError): Problem {
  const [namespace = '', name = ''] = owner.split('/')
  const denied = kind === 'denied'
  return {
    kind: denied ? 'AwsDenied' : 'AwsRefused',
    on: { kind: 'Ingress', namespace, name },
    level: 'warning',
    message: `AWS ${denied ? 'denied' : 'refused'} ${call}: ${denied ? message : `${code}: ${message}`}`,
    remedy: denied
      ? `Allow ${permission ?? call} in the IAM policy of the controller's role; all else is served meanwhile.`
      : 'It is asked again in a minute; all else is served meanwhile.',
  }
}

/** Another value than what is served; `keep` needs no look. */
function change<T>(
  { choice, by }: Owned<T>,
  place: Place,
  [reading, read, otherwise]: readonly [Reading, (addOns: AddOns) => Seen<T> | undefined, T],
): { readonly to: T; readonly from: T } | Draft {
  if (place.served && 'keep' in choice) return draft({})
  const seen = known(place, by, reading, read, otherwise)
  if ('draft' in seen) return seen.draft
  const other = place.replaces && read(place.replaces.addOns ?? {})
  const before = place.served ? seen.value : other && 'value' in other ? other.value : undefined
  const to = choose(choice, before, (a, b) => a === b)
  return to === undefined || to === seen.value ? draft({}) : { to, from: seen.value }
}

const stepFor = (call: Call, { name, after }: Place, reason: string, owner: IngressKey): Draft => {
  const of = 'service' in call ? `${call.service}:` : ''
  const key = `${of}${keyOfName(name)}`
  return draft({ steps: [step(call, { key, reason, owner, after, impact: 'in place' })] })
}

/** AWS takes it once the load balancer is active: whoever waits for that plans again. */
function capacity({ capacityUnits: wanted }: LoadBalancer, place: Place): Draft {
  const { served } = place
  if (!wanted || !served) return draft({})
  const found = change(wanted, place, [readings.capacity, ({ capacityUnits }) => capacityUnits, 0])
  if ('steps' in found || served.state === 'provisioning') return 'steps' in found ? found : draft({})
  const call = {
    call: 'ModifyCapacityReservation',
    loadBalancer: served.arn,
    capacityUnits: found.to,
  } as const
  return stepFor(call, place, 'reserved capacity changed', wanted.by)
}

function webAcl(service: WafService, wanted: Owned<string> | undefined, place: Place): Draft {
  if (!wanted) return draft({})
  const reading = readings[service]
  const found = change(wanted, place, [reading, (addOns) => addOns[reading.part], ''])
  if ('steps' in found) return found
  const { from, to } = found
  if (to === '')
    return stepFor(
      { call: 'DisassociateWebACL', service, loadBalancer: place.served?.arn ?? '' },
      place,
      'no web ACL is wanted',
      wanted.by,
    )
  return stepFor(
    { call: 'AssociateWebACL', service, loadBalancer: place.name, webAcl: to },
    place,
    from === '' ? 'web ACL missing' : 'web ACL changed',
    wanted.by,
  )
}

/** Any protection counts, whoever made it; only ours is taken away. */
function shield({ shield: wanted }: LoadBalancer, place: Place): Draft {
  if (!wanted || (place.served && 'keep' in wanted.choice)) return draft({})
  const seen = known(place, wanted.by, readings.shield, ({ protection }) => protection, 'none')
  if ('draft' in seen) return seen.draft
  const protection = seen.value === 'none' ? undefined : seen.value
  const isOn = choose(wanted.choice, place.served && protection !== undefined, (a, b) => a === b) === true
  if (isOn && protection === undefined)
    return stepFor(
      { call: 'CreateProtection', loadBalancer: place.name, name: protectionName },
      place,
      'protection missing',
      wanted.by,
    )
  return isOn || !protection || !place.served ? draft({}) : unshield(place.served, protection, wanted.by)
}

const unshield = (served: ActualLoadBalancer, protection: Protection, owner: IngressKey): Draft =>
  isOurs(protection)
    ? stepFor(
        { call: 'DeleteProtection', loadBalancer: served.arn, protection: protection.id },
        { name: served.arn, after: [], now: 0 },
        'no protection is wanted',
        owner,
      )
    : draft({})

/** Before a load balancer is deleted whose protection AWS would keep, and bill. Where AWS does not let us look, it stays. */
export function planUnshield({ unshield: stated }: Desired, served: ActualLoadBalancer, now: number): Draft {
  const seen = served.addOns?.protection
  if (seen === undefined ? stated !== true : 'refused' in seen) return draft({})
  const place = { name: served.arn, served, after: [], now }
  const found = known(place, group, readings.shield, ({ protection }) => protection, 'none')
  if ('draft' in found) return found.draft
  return found.value === 'none' ? draft({}) : unshield(served, found.value, group)
}

/** The same for one that was replaced, or never needed: what is known of its protection goes before it. */
export function withoutProtection(
  desired: Desired,
  served: ActualLoadBalancer,
  now: number,
  gone: Step,
): Step[] {
  const { steps } = planUnshield(desired, served, now)
  return [...steps, { ...gone, after: [...gone.after, ...steps.map(({ id }) => id)] }]
}
