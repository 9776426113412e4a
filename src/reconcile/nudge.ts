/** From a changed object to the keys that look at it. */
import { type Ingress, keyOf, type Node, type Pod, type TargetGroupBinding } from '../model/cluster.ts'
import { groupsOf, stacksHolding } from '../model/group.ts'
import type { Settings } from '../model/settings.ts'
import { approvalAnnotation } from '../plan/approval.ts'
import type { Informers } from '../watch/informers.ts'
import type { Queue } from '../watch/queue.ts'
import { type Bindings, stackOf } from './bindings.ts'
import { backendGroupKey, groupKey, targetsKey } from './key.ts'
import type { TargetsMemory } from './targets-memory.ts'

type Given = {
  readonly informers: Informers
  readonly bindings: Bindings
  readonly queue: Queue
  readonly settings: Settings
  readonly targets: TargetsMemory
  /** What an Ingress that is in no group did wrong. */
  readonly outside: () => void
}

export function nudgeOnChange(given: Given): void {
  const { informers, queue, settings } = given
  const group = (stack: string): void => queue.add(groupKey(stack), 'edit')
  /** Which group an Ingress is in is known after the store took it. */
  const ingress = (old: Ingress | undefined, now: Ingress | undefined): void => {
    for (const object of [old, now])
      if (object !== undefined) for (const stack of stacksHolding(object, settings)) group(stack)
    if (now !== undefined) for (const stack of stacksOf(given, keyOf(now))) group(stack)
    given.outside()
  }
  const all = (): void => {
    for (const stack of groupsOf(informers.snapshot(), settings).groups.keys()) group(stack)
    given.outside()
  }
  informers.onChange('ingresses', ingress)
  informers.onChange('ingressClasses', all)
  informers.onChange('ingressClassParams', all)
  informers.onChange('namespaces', (old, now) => {
    if (JSON.stringify(old?.metadata.labels) !== JSON.stringify(now?.metadata.labels)) all()
  })
  informers.onChange('services', (old, now) => {
    const key = keyOf((now ?? old) as Ingress)
    for (const one of informers.stores.ingresses.by('service', key))
      for (const stack of stacksOf(given, keyOf(one))) group(stack)
    for (const binding of informers.stores.targetGroupBindings.by('service', key))
      queue.add(targetsKey(keyOf(binding)))
  })
  // Somebody approved of what a guard stops.
  informers.onChange('ingressGroups', (old, now) => {
    const before = old?.metadata.annotations?.[approvalAnnotation]
    const stack = now?.status?.stack
    if (stack !== undefined && before !== now?.metadata.annotations?.[approvalAnnotation]) group(stack)
  })
  nudgeTargets(given)
}

/** What arrives within it shares a call; more would only be waiting. */
const togetherMs = 5

function nudgeTargets({ informers, bindings, queue, targets: memory }: Given): void {
  const { held } = memory
  const targets = (list: readonly TargetGroupBinding[]): void => {
    for (const binding of list) queue.add(targetsKey(keyOf(binding)), 'edit', togetherMs)
  }
  const byService = (service: string): void =>
    targets(informers.stores.targetGroupBindings.by('service', service))
  informers.onChange('endpointSlices', (old, now) => {
    const slice = now ?? old
    const service = slice?.metadata.labels?.['kubernetes.io/service-name']
    if (service !== undefined) byService(`${slice?.metadata.namespace ?? ''}/${service}`)
  })
  informers.onChange('pods', (old, now) => {
    if (!podMatters(old, now)) return
    const key = keyOf((now ?? old) as Pod)
    // No slice leads from it to a binding whose Service nobody knows.
    if (now === undefined)
      for (const binding of held) if (podsOf(memory, binding).includes(key)) queue.add(targetsKey(binding))
    for (const { metadata } of informers.stores.endpointSlices.by('pod', key)) {
      byService(`${metadata.namespace ?? ''}/${metadata.labels?.['kubernetes.io/service-name'] ?? ''}`)
    }
  })
  informers.onChange('nodes', (old, now) => {
    if (nodeMatters(old, now)) targets(bindings.list().filter(({ spec }) => spec.targetType === 'instance'))
  })
  informers.onChange('targetGroupBindings', (old, now) => {
    const binding = now ?? old
    if (binding === undefined) return
    if (now === undefined || old === undefined || specChanged(old, now) || isLeaving(now))
      queue.add(targetsKey(keyOf(binding)))
    // Another one may act on the target group now.
    const arn = binding.spec.targetGroupARN
    if (now === undefined && arn !== undefined)
      for (const other of bindings.of('', [arn])) queue.add(targetsKey(keyOf(other)))
    const stack = stackOf(binding)
    const isNews = now === undefined || old === undefined || specChanged(old, now) || wasFilled(old, now)
    if (stack !== undefined && isNews) {
      queue.add(groupKey(stack), 'new')
      if (now === undefined) queue.add(backendGroupKey, 'resync')
    }
  })
}

const isLeaving = ({ metadata }: TargetGroupBinding): boolean => metadata.deletionTimestamp !== undefined

/** A rule may be waiting for its first look. */
const wasFilled = (old: TargetGroupBinding, now: TargetGroupBinding): boolean =>
  old.status?.observedGeneration === undefined && now.status?.observedGeneration !== undefined

const specChanged = (old: TargetGroupBinding, now: TargetGroupBinding): boolean =>
  JSON.stringify([old.spec, old.metadata.labels]) !== JSON.stringify([now.spec, now.metadata.labels])

const podsOf = ({ pods }: TargetsMemory, binding: string): readonly string[] =>
  [...(pods.get(binding)?.values() ?? [])].map(({ key }) => key)

/** Endpoints come by their slices; a pod itself counts once it appears, by its containers being ready, and once it leaves. */
const podMatters = (old: Pod | undefined, now: Pod | undefined): boolean =>
  old === undefined ||
  now === undefined ||
  containersReady(old) !== containersReady(now) ||
  old.metadata.deletionTimestamp !== now.metadata.deletionTimestamp
const containersReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'ContainersReady' && value === 'True') ??
  false

const nodeMatters = (old: Node | undefined, now: Node | undefined): boolean =>
  JSON.stringify(facets(old)) !== JSON.stringify(facets(now))
const facets = (node: Node | undefined): unknown =>
  node && [
    node.metadata.labels,
    node.spec,
    node.status?.conditions?.find(({ type }) => type === 'Ready')?.status,
  ]

function stacksOf({ informers, settings }: Given, ingress: string): readonly string[] {
  const stack = groupsOf(informers.snapshot(), settings).stackOf.get(ingress)
  return stack === undefined ? [] : [stack]
}
