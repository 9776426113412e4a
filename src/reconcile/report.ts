/** Tells each problem and each success once: repeated only when it changes, or comes back after it was gone. */
import type { EventNote } from '../kube/event-body.ts'
import type { Recorder } from '../kube/event.ts'
import type { KubeObject } from '../model/cluster.ts'
import type { ObjectRef, Problem } from '../model/problem.ts'
import { type Event, eventOf } from '../status/event.ts'

export type Reports = {
  /** All problems that a key has now. */
  problems(key: string, problems: readonly Problem[]): void
  /** Something that happened, once. */
  happened(event: Event): void
  /** Problems of all keys now: how many of each kind and level, and how many Ingresses have an error. */
  now(): { readonly byKind: ReadonlyMap<string, number>; readonly held: number }
}
/** The object as cached, for its uid. */
export type Find = (ref: ObjectRef) => KubeObject | undefined

const apiVersions: Readonly<Record<ObjectRef['kind'], string>> = {
  Ingress: 'networking.k8s.io/v1',
  IngressClass: 'networking.k8s.io/v1',
  IngressClassParams: 'elbv2.k8s.aws/v1beta1',
  TargetGroupBinding: 'elbv2.k8s.aws/v1beta1',
  Service: 'v1',
  Pod: 'v1',
  Node: 'v1',
}

export function createReports(recorder: Pick<Recorder, 'record'>, find: Find): Reports {
  const told = new Map<string, ReadonlySet<string>>()
  const had = new Map<string, readonly Problem[]>()
  /** How many keys have each of them: an Ingress comes into a group, and goes, with its mistake. */
  const tellers = new Map<string, number>()
  const count = (text: string, by: 1 | -1): void => {
    const now = (tellers.get(text) ?? 0) + by
    if (now === 0) tellers.delete(text)
    else tellers.set(text, now)
  }
  const record = (event: Event): boolean => {
    const note = noteOf(event, find)
    return note !== undefined && recorder.record(note)
  }
  return {
    problems: (key, problems) => {
      if (problems.length === 0) had.delete(key)
      else had.set(key, problems)
      const before = told.get(key) ?? none
      const events = new Map(problems.map(eventOf).map((event) => [textOf(event), event]))
      const now = new Set<string>()
      // What nobody had room for is told the next time.
      for (const [text, event] of events)
        if (before.has(text) || tellers.has(text) || record(event)) now.add(text)
      for (const text of now) if (!before.has(text)) count(text, 1)
      for (const text of before) if (!now.has(text)) count(text, -1)
      if (now.size === 0) told.delete(key)
      else told.set(key, now)
    },
    happened: (event) => void record(event),
    now: () => summary([...had.values()].flat()),
  }
}

function summary(problems: readonly Problem[]): ReturnType<Reports['now']> {
  const byKind = new Map<string, number>()
  const held = new Set<string>()
  for (const { kind, level, on } of problems) {
    const labels = `kind="${kind}",level="${level}"`
    byKind.set(labels, (byKind.get(labels) ?? 0) + 1)
    if (level === 'error' && on.kind === 'Ingress') held.add(`${on.namespace}/${on.name}`)
  }
  return { byKind, held: held.size }
}

const none: ReadonlySet<string> = new Set()

const textOf = ({ on, reason, message }: Event): string =>
  `${on.kind} ${on.namespace ?? ''}/${on.name} ${reason} ${message}`

function noteOf({ on, type, reason, message, help, patient }: Event, find: Find): EventNote | undefined {
  const object = find(on)
  if (object === undefined) return undefined
  return {
    object: { apiVersion: apiVersions[on.kind], kind: on.kind, metadata: object.metadata },
    type,
    reason,
    message,
    ...(help === undefined ? {} : { help }),
    ...(patient === true ? { patient } : {}),
  }
}
