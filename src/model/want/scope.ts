/** Where one member is read: its mistakes are collected, never thrown, so that all are told at once and none stops the group. */
import type { Family } from '../../annotation/define.ts'
import { keyOf as annotationKey } from '../../annotation/define.ts'
import { type AnnotationError, ownOf } from '../../annotation/read.ts'
import type { Result } from '../../lib/result.ts'
import type { Cluster, Service } from '../cluster.ts'
import type { Needs } from '../desired.ts'
import type { Facts } from '../facts.ts'
import type { Member } from '../group.ts'
import { ingressRef, type Problem, type ProblemKind } from '../problem.ts'
import type { Settings } from '../settings.ts'
import type { TargetGroup } from '../target-group.ts'

/** What all members of a group are built from. */
export type World = {
  readonly stack: string
  readonly facts: Facts
  readonly settings: Settings
  readonly services: ReadonlyMap<string, Service>
  /** Of sound members, by resource id: the first to name one decides what it is. */
  readonly targetGroups: Map<string, TargetGroup>
  /** Of the group as a whole: they hold no member. */
  readonly problems: Problem[]
  readonly asked: Asked
}

/** What reading the members led to. */
export type Asked = {
  certificates?: true
  trustStores?: true
  webAcls?: true
  shieldSubscribed?: true
  readonly targetGroups: Set<string>
  /** Also those that are known. */
  readonly secrets: Set<string>
}

export function needsOf({ asked, facts }: World): Needs {
  const secrets = [...asked.secrets].filter((key) => facts.secrets?.has(key) !== true)
  return {
    ...(asked.certificates ? { certificates: true } : {}),
    ...(asked.trustStores ? { trustStores: true } : {}),
    ...(asked.webAcls ? { webAcls: true } : {}),
    ...(asked.shieldSubscribed ? { shieldSubscribed: true } : {}),
    ...(asked.targetGroups.size > 0 ? { targetGroups: [...asked.targetGroups].sort() } : {}),
    ...(secrets.length > 0 ? { secrets: secrets.sort() } : {}),
  }
}

export type Scope = {
  readonly world: World
  readonly member: Member
  readonly problems: Problem[]
  /** Target groups that this member is the first to name. */
  readonly targetGroups: Map<string, TargetGroup>
  /** What members of families say, by key. */
  readonly parsed: Map<string, Result<unknown, AnnotationError>>
  /** Something has to be fetched before this member can be built; no mistake of its own. */
  awaits: boolean
}

export const scopeOf = (world: World, member: Member): Scope => ({
  world,
  member,
  problems: [...member.faults],
  targetGroups: new Map(),
  parsed: new Map(),
  awaits: false,
})

export const annotationsOf = (scope: Scope) => scope.member.ingress.metadata.annotations
export const paramsOf = (scope: Scope) => scope.member.params?.spec

/** A member with an error is held: nothing of it changes. */
export const isSound = (scope: Scope): boolean =>
  !scope.awaits && scope.member.stays !== true && !scope.problems.some(({ level }) => level === 'error')

/** The member is held until it is known. */
export function awaitFact(scope: Scope, note: (asked: Asked) => void): undefined {
  scope.awaits = true
  note(scope.world.asked)
}

export type Told = { readonly message: string; readonly remedy: string; readonly field?: string }

/** Nobody reads more; and an annotation has room for thousands of mistakes. */
const mostTold = 100

function tell(scope: Scope, level: Problem['level'], kind: ProblemKind, told: Told): undefined {
  const on = ingressRef(scope.member.ingress.metadata)
  if (scope.problems.length >= mostTold && (level === 'warning' || !isSound(scope))) return
  if (!scope.problems.some((known) => known.kind === kind && known.message === told.message))
    scope.problems.push({ kind, on, level, ...told })
}
export const fault = (scope: Scope, kind: ProblemKind, told: Told): undefined =>
  tell(scope, 'error', kind, told)
export const warn = (scope: Scope, kind: ProblemKind, told: Told): undefined =>
  tell(scope, 'warning', kind, told)

/** The value read; a value that doesn't parse becomes a problem and counts as absent. */
export function take<T>(scope: Scope, reading: Result<T, AnnotationError>): T | undefined {
  if (reading.ok) return reading.value
  const { key, raw, message, allowed } = reading.error
  return fault(scope, 'InvalidAnnotation', {
    field: key,
    message: message.includes(raw) && message.includes(key) ? message : `${message} (${key}: ${raw})`,
    remedy: `Write ${allowed} in ${key}, or remove it.`,
  })
}

/** One member of a family, parsed once however many paths name it. */
export function parsedOf<T>(
  scope: Scope,
  declaration: Family<T, 'Ingress'>,
  member: string,
): Result<T | undefined, AnnotationError> {
  const key = annotationKey(declaration, member)
  const known = scope.parsed.get(key) as Result<T | undefined, AnnotationError> | undefined
  const parsed = known ?? ownOf(annotationsOf(scope), declaration, member)
  scope.parsed.set(key, parsed)
  return parsed
}

/** For what a parser lets through and a feature refuses. */
export const refuse = (scope: Scope, field: string, message: string, remedy: string): undefined =>
  fault(scope, 'InvalidAnnotation', { field, message, remedy })

export const serviceOf = (scope: Scope, name: string): Service | undefined =>
  scope.world.services.get(`${scope.member.ingress.metadata.namespace ?? ''}/${name}`)

export const servicesOf = (cluster: Cluster): ReadonlyMap<string, Service> => {
  const known = memo.get(cluster.services)
  if (known) return known
  const services = new Map(
    cluster.services.map((service) => [
      `${service.metadata.namespace ?? ''}/${service.metadata.name}`,
      service,
    ]),
  )
  memo.set(cluster.services, services)
  return services
}
const memo = new WeakMap<readonly Service[], ReadonlyMap<string, Service>>()
