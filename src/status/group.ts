/** A group as its IngressGroup shows it: the load balancer, who shares it, whose each rule is, what is under way. */
import type { IngressGroupStatus } from '../kind/ingress-group.ts'
import type { Actual } from '../model/actual.ts'
import type { Group } from '../model/group.ts'
import type { Wait } from '../plan/step.ts'
import { conditionsOf, some, type Told } from './condition.ts'
import { ruleOwners } from './owner.ts'
import { servingOf } from './passed.ts'
import { lastPlan } from './plan.ts'
import type { Telling } from './report.ts'

type Given = {
  readonly group: Group
  readonly telling: Telling
  readonly before: IngressGroupStatus | undefined
  /** `<namespace>/<name>` to resourceVersion, of the Secrets whose content AWS has. */
  readonly secrets: ReadonlyMap<string, string>
}

const mostWaits = 20
/** Read within a pass: nobody waits for them. */
const inward: ReadonlySet<Wait['for']> = new Set(['attributesRead', 'targetsRead'])
/** AWS's defaults, per load balancer (Quotas for your Application Load Balancers); an account may have more. */
const limits = { rules: 100, targetGroups: 100, listeners: 50, certificates: 25 } as const

export function groupStatusOf({ group, telling, before, secrets }: Given): IngressGroupStatus {
  const { passed, controller, now, observe } = telling
  const { actual, plan } = passed
  const loadBalancer = servingOf(passed)
  const everyone = [...group.members.map(({ ingress }) => ingress), ...group.leaving]
  const owners = ruleOwners(actual, plan, { ingresses: everyone, before: before?.ruleOwners })
  const waits = plan.waits.filter((wait) => !inward.has(wait.for)).slice(0, mostWaits)
  const last = lastPlan(passed, { before: before?.plan, observe, now })
  return {
    controller,
    stack: group.stack,
    ...(loadBalancer === undefined
      ? {}
      : { loadBalancerArn: loadBalancer.arn, address: loadBalancer.dnsName.toLowerCase() }),
    ...listenersOf(loadBalancer?.arn, actual),
    members: membersOf(group, telling),
    ...(owners.length > 0 ? { ruleOwners: owners } : {}),
    ...(secrets.size > 0 ? { secrets: secretsOf(secrets) } : {}),
    ...(loadBalancer === undefined ? {} : { quotas: quotasOf(loadBalancer.arn, actual) }),
    ...(waits.length > 0 ? { waits: waits.map(({ on, why }) => ({ on, why })) } : {}),
    ...(last === undefined ? {} : { plan: last }),
    conditions: conditionsOf(
      [acceptedOf(group, telling), programmedOf(telling), exposedOf(telling)],
      before?.conditions,
      {
        now,
      },
    ),
  }
}

function listenersOf(arn: string | undefined, { listeners }: Actual): Pick<IngressGroupStatus, 'listeners'> {
  const shown = listeners
    .filter(({ loadBalancerArn }) => loadBalancerArn === arn)
    .toSorted((a, b) => a.port - b.port)
    .map(({ port, protocol, arn }) => ({ port, protocol, arn }))
  return shown.length > 0 ? { listeners: shown } : {}
}

const membersOf = ({ members }: Group, { held }: Telling): NonNullable<IngressGroupStatus['members']> =>
  members.map(({ key, order, ingress: { metadata } }) => ({
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid,
    ...(order === 0 ? {} : { order }),
    ...(held.has(key) ? { held: true } : {}),
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
  }))

/** `<namespace>/<name>` to resourceVersion. */
export const versionsOf = ({ secrets = [] }: IngressGroupStatus): ReadonlyMap<string, string> =>
  new Map(secrets.map(({ namespace, name, resourceVersion }) => [`${namespace}/${name}`, resourceVersion]))

const secretsOf = (versions: ReadonlyMap<string, string>): NonNullable<IngressGroupStatus['secrets']> =>
  [...versions]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, resourceVersion]) => {
      const [namespace = '', name = ''] = key.split('/')
      return { namespace, name, resourceVersion }
    })

function quotasOf(
  arn: string,
  { rules, targetGroups, listeners }: Actual,
): IngressGroupStatus['quotas'] & object {
  const own = listeners.filter(({ loadBalancerArn }) => loadBalancerArn === arn)
  const arns = new Set(own.map((listener) => listener.arn))
  const certificates = new Set(own.flatMap((listener) => listener.certificates.slice(1)))
  const used = {
    rules: rules.filter(({ listenerArn }) => arns.has(listenerArn)).length,
    targetGroups: targetGroups.filter(({ loadBalancerArns }) => loadBalancerArns.includes(arn)).length,
    listeners: own.length,
    certificates: certificates.size,
  }
  return (Object.keys(limits) as (keyof typeof limits)[]).map((name) => ({
    name,
    used: used[name],
    limit: limits[name],
  }))
}

function acceptedOf({ members }: Group, { held }: Telling): Told {
  const names = members.flatMap(({ key }) => (held.has(key) ? [key] : []))
  return names.length === 0
    ? { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'every member is understood' }
    : {
        type: 'Accepted',
        status: 'False',
        reason: 'MembersHeld',
        message: `${names.length} of ${members.length} held: ${some(names)}`,
      }
}

function exposedOf({ passed }: Telling): Told {
  const names = (passed.plan.exposed ?? []).flatMap(({ ingress, what }) => (what.length > 0 ? [ingress] : []))
  return names.length === 0
    ? {
        type: 'Exposed',
        status: 'False',
        reason: 'NoWider',
        message: 'no member is served to more than it states',
      }
    : {
        type: 'Exposed',
        status: 'True',
        reason: 'HeldEditWouldLetFewerIn',
        message: `served to more than they state: ${some(names)}`,
      }
}

function programmedOf({ passed, undone, held, refusals, observe }: Telling): Told {
  const told = (status: Told['status'], reason: string, message: string): Told => ({
    type: 'Programmed',
    status,
    reason,
    message,
  })
  const [refusal] = [...refusals.values()].flat()
  if (refusal !== undefined) return told('False', refusal.kind, refusal.message)
  const waits = passed.plan.waits.filter((wait) => !inward.has(wait.for)).map(({ why }) => why)
  const left = [...new Set([...waits, ...undone.map(({ call, reason }) => `${call}: ${reason}`)])]
  if (left.length > 0) return told('False', observe ? 'Observing' : 'Pending', some(left))
  if (held.size > 0) return told('False', 'MembersHeld', 'what held members state is not served')
  if (servingOf(passed) === undefined) return told('False', 'Pending', 'no load balancer exists')
  return told('True', 'Programmed', 'nothing is left to do')
}
