/** What became of one Ingress, as its IngressReport says it. */
import type { IngressReportStatus } from '../kind/ingress-report.ts'
import type { Actual, ActualTargetGroup } from '../model/actual.ts'
import type { IngressKey } from '../model/choice.ts'
import type { Ingress } from '../model/cluster.ts'
import type { Problem } from '../model/problem.ts'
import type { Step } from '../plan/step.ts'
import { conditionsOf, some, type Told } from './condition.ts'
import { healthOf } from './health.ts'
import { groupName } from './name.ts'
import { type Passed, servingOf } from './passed.ts'
import { pendingOf, undoneOf } from './progress.ts'

/** What holds for all members of one pass, worked out once. */
export type Telling = {
  readonly passed: Passed
  readonly undone: readonly Step[]
  /** On Ingresses, by their key: what model and plan found wrong, and what AWS refused. */
  readonly problems: ReadonlyMap<IngressKey, readonly Problem[]>
  readonly refusals: ReadonlyMap<IngressKey, readonly Problem[]>
  readonly targetGroups: ReadonlyMap<IngressKey, readonly ActualTargetGroup[]>
  readonly held: ReadonlySet<IngressKey>
  readonly observe: boolean
  readonly controller: string
  /** RFC 3339, whole seconds. */
  readonly now: string
}
export type Member = {
  readonly key: IngressKey
  readonly ingress: Ingress
  readonly before: IngressReportStatus | undefined
  /** It bears the finalizer, and belongs to the group no more. */
  readonly leaving?: boolean
  readonly retrySeconds?: number
}

/** Not known, and bounded: an API object holds no more than a megabyte. */
const mostProblems = 20

export const byIngress = (problems: readonly Problem[]): ReadonlyMap<IngressKey, readonly Problem[]> =>
  Map.groupBy(
    problems.filter(({ on }) => on.kind === 'Ingress'),
    ({ on }) => `${on.namespace ?? ''}/${on.name}`,
  )

export function reportOf(member: Member, telling: Telling): IngressReportStatus {
  const { key, ingress, before, retrySeconds } = member
  const { passed, controller, now } = telling
  const { generation } = ingress.metadata
  const found = [...(telling.problems.get(key) ?? []), ...(telling.refusals.get(key) ?? [])]
  const held = passed.plan.holds.flatMap((hold) => (hold.ingress === key ? [hold.what] : []))
  const loadBalancer = servingOf(passed)
  const told = [
    acceptedOf(member, telling),
    programmedOf(member, telling),
    exposedOf(member, telling),
    healthOf(
      telling.targetGroups.get(key) ?? [],
      passed.actual,
      before?.conditions?.find(({ type }) => type === 'TargetsHealthy'),
    ),
  ]
  return {
    controller,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    group: groupName(passed.plan.stack),
    ...(loadBalancer === undefined ? {} : { hostname: loadBalancer.dnsName.toLowerCase() }),
    conditions: conditionsOf(told, before?.conditions, { now, generation }),
    ...problemsOf(found),
    ...(held.length > 0 ? { held } : {}),
    ...(retrySeconds === undefined ? {} : { retrySeconds }),
  }
}

/** The same report after somebody looked at its targets. */
export const withHealth = (
  report: IngressReportStatus,
  groups: readonly ActualTargetGroup[],
  { targets, now }: Pick<Actual, 'targets'> & Pick<Telling, 'now'>,
): IngressReportStatus => ({
  ...report,
  conditions: (report.conditions ?? []).flatMap((condition) =>
    condition.type === 'TargetsHealthy'
      ? conditionsOf([healthOf(groups, { targets }, condition)], [condition], {
          now,
          generation: condition.observedGeneration,
        })
      : [condition],
  ),
})

/** Of an Ingress that is in no group because of what is wrong with it. */
export const outsideReport = (
  { ingress, before }: Pick<Member, 'ingress' | 'before'>,
  problems: readonly Problem[],
  { controller, now }: Pick<Telling, 'controller' | 'now'>,
): IngressReportStatus => {
  const { generation } = ingress.metadata
  const message = some(problems.map(({ message: text }) => text))
  const told: Told[] = [
    { type: 'Accepted', status: 'False', reason: problems[0]?.kind ?? 'Refused', message },
    { type: 'Programmed', status: 'False', reason: 'NotServed', message: 'it is in no group' },
  ]
  return {
    controller,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: conditionsOf(told, before?.conditions, { now, generation }),
    ...problemsOf(problems),
  }
}

/** While AWS doesn't let us look: all else is as it was last told. */
export function unreadReport(
  { ingress, before, retrySeconds }: Member,
  problem: Problem,
  { controller, now }: Pick<Telling, 'controller' | 'now'>,
): IngressReportStatus {
  const { generation } = ingress.metadata
  const told: Told[] = [
    { type: 'Programmed', status: 'Unknown', reason: problem.kind, message: problem.message },
  ]
  const others = (before?.conditions ?? []).filter(({ type }) => type !== 'Programmed')
  return {
    ...before,
    controller,
    conditions: [...others, ...conditionsOf(told, before?.conditions, { now, generation })],
    ...problemsOf([problem]),
    ...(retrySeconds === undefined ? {} : { retrySeconds }),
  }
}

const problemsOf = (problems: readonly Problem[]): Pick<IngressReportStatus, 'problems'> =>
  problems.length === 0
    ? {}
    : {
        problems: problems.slice(0, mostProblems).map(({ kind, level, field, message, remedy }) => ({
          kind,
          level,
          ...(field === undefined ? {} : { field }),
          message,
          remedy,
        })),
      }

/** A guard's stop is about what is to go, not about what the Ingress states. */
const isStop = ({ kind }: Problem): boolean => kind === 'Guarded'

const mistakesOf = (key: IngressKey, { problems }: Telling): readonly Problem[] =>
  (problems.get(key) ?? []).filter((problem) => problem.level === 'error' && !isStop(problem))

function acceptedOf({ key }: Member, telling: Telling): Told {
  const mistakes = mistakesOf(key, telling)
  const [first] = mistakes
  if (first !== undefined) {
    const message = mistakes.map(({ message: text, remedy }) => `${text}. ${remedy}`).join(' ')
    return { type: 'Accepted', status: 'False', reason: first.kind, message }
  }
  if (telling.held.has(key))
    return {
      type: 'Accepted',
      status: 'False',
      reason: 'GroupHeld',
      message: `the group waits for ${some([...telling.problems.keys()]) || 'other members'}`,
    }
  return { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'all that it states is understood' }
}

function exposedOf({ key }: Member, { passed, held }: Telling): Told {
  const told = (status: Told['status'], reason: string, message: string): Told => ({
    type: 'Exposed',
    status,
    reason,
    message,
  })
  const found = passed.plan.exposed?.find(({ ingress }) => ingress === key)
  if (found !== undefined && found.what.length > 0)
    return told('True', 'HeldEditWouldLetFewerIn', `what it states would let fewer in: ${some(found.what)}`)
  if (found?.closed === true)
    return told(
      'False',
      'Closed',
      'what would let in more than it states is answered with 503 until it is mended',
    )
  return held.has(key)
    ? told('False', 'NoWider', 'what is served lets in no more than it states')
    : told('False', 'AsStated', 'what it states is served')
}

function programmedOf({ key, ingress, leaving = false }: Member, telling: Telling): Told {
  const { passed, undone, observe } = telling
  const loadBalancer = servingOf(passed)
  const told = (status: Told['status'], reason: string, message: string): Told => ({
    type: 'Programmed',
    status,
    reason,
    message,
  })
  if (leaving) {
    const stops = (telling.problems.get(key) ?? []).filter(({ level }) => level === 'error')
    const why = [...stops.map(({ message }) => message), ...pendingOf(key, passed, undone)]
    return told('False', 'Leaving', `what it had in AWS goes${why.length > 0 ? `: ${some(why)}` : ''}`)
  }
  if (telling.held.has(key)) {
    const what = passed.plan.holds.flatMap((hold) => (hold.ingress === key ? [hold.what] : []))
    const served = what.length > 0 || (ingress.status?.loadBalancer?.ingress ?? []).length > 0
    return served
      ? told('False', 'Held', `an earlier state of it is served: ${some(what) || 'its default backend'}`)
      : told('False', 'NotServed', 'nothing of it is served')
  }
  const refusals = telling.refusals.get(key) ?? []
  const [wrong] = [...mistakesOf(key, telling), ...refusals]
  if (wrong !== undefined) return told('False', wrong.kind, wrong.message)
  const pending = pendingOf(key, passed, undone)
  if (pending.length > 0) return told('False', observe ? 'Observing' : 'Pending', some(pending))
  if (loadBalancer === undefined) return told('False', 'Pending', 'no load balancer exists yet')
  return told('True', 'Programmed', `served by ${loadBalancer.dnsName.toLowerCase()}`)
}

export const tellingOf = (given: Omit<Telling, 'undone' | 'held'>): Telling => ({
  ...given,
  undone: undoneOf(given.passed.proposed, given.passed.outcome),
  held: new Set(given.passed.built.desired.held),
})
