/** Says in IngressReports and IngressGroups what a pass came to; they are written when that is news. */
import type { IngressGroupStatus } from '../kind/ingress-group.ts'
import type { IngressReportStatus } from '../kind/ingress-report.ts'
import { formatTime } from '../lib/time.ts'
import type { Actual } from '../model/actual.ts'
import type { IngressKey } from '../model/choice.ts'
import { type Ingress, keyOf } from '../model/cluster.ts'
import { type Group, groupsOf } from '../model/group.ts'
import type { Problem } from '../model/problem.ts'
import { stackTag } from '../model/tag.ts'
import { groupStatusOf, versionsOf } from '../status/group.ts'
import { targetGroupsOf } from '../status/health.ts'
import { groupName } from '../status/name.ts'
import { ownersOf } from '../status/owner.ts'
import type { Passed } from '../status/passed.ts'
import {
  byIngress,
  type Member,
  outsideReport,
  reportOf,
  tellingOf,
  unreadReport,
  withHealth,
} from '../status/report.ts'
import type { Context } from './context.ts'
import { builds } from './part.ts'

type Found = {
  readonly problems: readonly Problem[]
  /** What AWS refused, charged to members. */
  readonly refusals: readonly Problem[]
  /** How soon what failed is tried again. */
  readonly retrySeconds: (problem: Problem) => number | undefined
}

const secondsNow = (): string => formatTime(Date.now())

export function publish(group: Group, passed: Passed, found: Found, context: Context): void {
  const { records, settings, observe } = context
  const everyone = [...group.members.map(({ key }) => key), ...group.leaving.map(keyOf)]
  const telling = tellingOf({
    passed,
    problems: byIngress(found.problems),
    refusals: byIngress(found.refusals),
    targetGroups: targetGroupsOf(passed.actual, new Set(everyone)),
    observe,
    controller: settings.ingressClassController,
    now: secondsNow(),
  })
  const retries = byIngress([...found.problems, ...found.refusals])
  for (const member of membersOf(group, context)) {
    const [soonest] = (retries.get(member.key) ?? [])
      .flatMap((problem) => found.retrySeconds(problem) ?? [])
      .sort((a, b) => a - b)
    const retry = soonest === undefined ? {} : { retrySeconds: soonest }
    records.want('ingressReports', member.key, reportOf({ ...member, ...retry }, telling))
  }
  const name = groupName(group.stack)
  const before = records.read('ingressGroups', name)
  const secrets = secretsIn(passed.actual, context)
  const status = groupStatusOf({ group, telling, before, secrets })
  records.want('ingressGroups', name, status)
}

/** Those that belong to no other group; one that leaves is told of only where it has been before. */
function membersOf(group: Group, { records, informers, settings }: Context): readonly Member[] {
  const member = (ingress: Ingress): Member => {
    const key = keyOf(ingress)
    return { key, ingress, before: records.read('ingressReports', key) }
  }
  const { stackOf } = groupsOf(informers.snapshot(), settings)
  return [
    ...group.members.map(({ ingress }) => member(ingress)),
    ...group.leaving
      .filter((ingress) => !stackOf.has(keyOf(ingress)))
      .map((ingress): Member => ({ ...member(ingress), leaving: true }))
      .filter(({ before }) => before !== undefined),
  ]
}

/** Somebody looked at the targets of this target group, or changed them. */
export function publishHealth(targetGroupArn: string, context: Context): void {
  // Where another part builds the group, that one writes what is told of it.
  if (!builds(context.part)) return
  const { mirror, informers, settings, records } = context
  const stack = mirror.targetGroups.get(targetGroupArn)?.tags[stackTag]
  const group = stack === undefined ? undefined : groupsOf(informers.snapshot(), settings).groups.get(stack)
  if (group === undefined) return
  const targetGroups = mirror.targetGroups.values().filter(({ tags }) => tags[stackTag] === stack)
  const found = targetGroupsOf({ targetGroups }, new Set(group.members.map(({ key }) => key)))
  for (const [key, own] of found) {
    const report = records.read('ingressReports', key)
    if (report === undefined || !own.some(({ arn }) => arn === targetGroupArn)) continue
    const targets = Object.fromEntries(
      own.flatMap(({ arn }) => {
        const known = mirror.registrations.get(arn)
        return known === undefined ? [] : [[arn, known] as const]
      }),
    )
    records.want('ingressReports', key, withHealth(report, own, { targets, now: secondsNow() }))
  }
}

/** While AWS doesn't let us look, for a reason that lasts. */
export function publishUnread(
  group: Group,
  problems: readonly Problem[],
  retrySeconds: number,
  context: Context,
): void {
  const { records, settings } = context
  const of = byIngress(problems)
  for (const member of membersOf(group, context)) {
    const [problem] = of.get(member.key) ?? []
    if (problem === undefined) continue
    const report = unreadReport({ ...member, retrySeconds }, problem, {
      controller: settings.ingressClassController,
      now: secondsNow(),
    })
    records.want('ingressReports', member.key, report)
  }
}

/** Ingresses that are in no group because of what is wrong with them; those that were, and are no more, lose their report. */
export function publishOutside(context: Context): readonly Problem[] {
  const { informers, settings, records, outside } = context
  const { problems, stackOf } = groupsOf(informers.snapshot(), settings)
  const of = byIngress(problems)
  for (const key of outside)
    if (!of.has(key) && !stackOf.has(key)) records.want('ingressReports', key, undefined)
  outside.clear()
  for (const [key, found] of of) {
    const ingress = informers.stores.ingresses.get(key)
    if (ingress === undefined) continue
    outside.add(key)
    const before = records.read('ingressReports', key)
    const given = { controller: settings.ingressClassController, now: secondsNow() }
    records.want('ingressReports', key, outsideReport({ ingress, before }, found, given))
  }
  return problems
}

/** The group is gone, and so is what tells of it. */
export const unpublishGroup = (stack: string, { records }: Pick<Context, 'records'>): void =>
  records.want('ingressGroups', groupName(stack), undefined)
/** The Ingress is not ours any more. */
export const unpublishIngress = (key: IngressKey, { records }: Pick<Context, 'records'>): void =>
  records.want('ingressReports', key, undefined)

/** What was left behind while nobody looked: only what this controller wrote. */
export function unpublishStale(context: Context): void {
  const { informers, records, settings, outside } = context
  const { groups, stackOf } = groupsOf(informers.snapshot(), settings)
  const names = new Set([...groups.keys()].map(groupName))
  const leaving = new Set([...groups.values()].flatMap((group) => group.leaving.map(keyOf)))
  const isOurs = (status: IngressReportStatus | IngressGroupStatus | undefined): boolean =>
    status?.controller === settings.ingressClassController
  for (const name of records.stored('ingressGroups'))
    if (!names.has(name) && isOurs(records.read('ingressGroups', name)))
      records.want('ingressGroups', name, undefined)
  for (const key of records.stored('ingressReports'))
    if (
      !stackOf.has(key) &&
      !leaving.has(key) &&
      !outside.has(key) &&
      isOurs(records.read('ingressReports', key))
    )
      records.want('ingressReports', key, undefined)
}

/** Whose rules are, as the IngressGroup remembers (design D3). */
export const recordedOwners = (
  { stack, members, leaving }: Group,
  actual: Actual,
  { records }: Pick<Context, 'records'>,
): Readonly<Record<string, IngressKey>> =>
  ownersOf(actual, records.read('ingressGroups', groupName(stack))?.ruleOwners, [
    ...members.map(({ ingress }) => ingress),
    ...leaving,
  ])

/** The resourceVersion of each Secret whose content AWS has, by `<namespace>/<name>`, as the IngressGroup remembers. */
export function recordedSecrets(
  stack: string,
  { records }: Pick<Context, 'records'>,
): ReadonlyMap<string, string> | undefined {
  const status = records.read('ingressGroups', groupName(stack))
  return status && versionsOf(status)
}

/** Of which version AWS has the content in some rule or default; the old one while any has that. */
function secretsIn({ stack, rules, listeners }: Actual, context: Context): ReadonlyMap<string, string> {
  const { mirror, secrets } = context
  const found = new Map<string, string>()
  let unknown = false
  for (const { arn, actions } of [
    ...rules,
    ...listeners.map((one) => ({ ...one, actions: one.defaultActions })),
  ]) {
    const sent = mirror.credentials.get(arn)
    // Of a held member: nobody has compared its rules since the start.
    unknown ||= sent === undefined && actions.some(({ type }) => type === 'authenticate-oidc')
    if (sent === undefined) continue
    const fact = secrets.get(sent.secret)
    // What changed since in labels alone is the same content.
    const current =
      fact?.found === true && fact.version === sent.version ? fact.object.metadata.resourceVersion : undefined
    if (current === undefined || !found.has(sent.secret)) found.set(sent.secret, current ?? sent.version)
  }
  return unknown ? new Map([...(recordedSecrets(stack, context) ?? []), ...found]) : found
}
