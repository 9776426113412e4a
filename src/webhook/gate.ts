/** Which readiness gates a new pod gets: one for each binding of type ip whose Service selects it, exactly as ALBC (pkg/inject/pod_readiness). */
import type { Service, TargetGroupBinding } from '../model/cluster.ts'
import { gateOf, isLegacyGate } from '../model/readiness.ts'
import type { Asked, Verdict } from './review.ts'

export type PodsServices = {
  /** Of a namespace. */
  readonly services: (namespace: string) => readonly Service[]
  /** Of a Service, by `<namespace>/<name>`. */
  readonly bindings: (service: string) => readonly TargetGroupBinding[]
}
type Gate = { readonly conditionType: string }
type NewPod = {
  readonly metadata?: { readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> }
  readonly spec?: { readonly readinessGates?: readonly Gate[] | null }
}

/** What is after the slash of a qualified name may be no longer: a pod with such a gate would be refused. */
const longestName = 63

export function reviewPod(asked: Asked, cluster: PodsServices): Verdict {
  if (asked.operation !== 'CREATE') return {}
  const pod = (asked.object ?? {}) as NewPod
  // A template's pods don't always bear their namespace when webhooks see them (kubernetes/kubernetes#88282).
  const namespace = asked.namespace || pod.metadata?.namespace || ''
  const bindings = bindingsOf(pod.metadata?.labels ?? {}, namespace, cluster)
  const wanted = bindings.filter(({ metadata }) => metadata.name.length <= longestName).map(gateOf)
  const warnings = bindings
    .filter(({ metadata }) => metadata.name.length > longestName)
    .map(
      ({ metadata }) =>
        `no readiness gate for TargetGroupBinding ${metadata.name}: its name is longer than ${longestName} characters`,
    )
  const given = pod.spec?.readinessGates ?? []
  const kept = wanted.length > 0 ? given.filter(({ conditionType }) => !isLegacyGate(conditionType)) : given
  const added = wanted.filter((gate) => !kept.some(({ conditionType }) => conditionType === gate))
  if (added.length === 0 && kept.length === given.length) return { warnings }
  const value = [...kept, ...added.map((conditionType) => ({ conditionType }))]
  return { patch: [{ op: 'add', path: '/spec/readinessGates', value }], warnings }
}

/** Without those that are being deleted: soon nobody would set their gates. */
const bindingsOf = (
  labels: Readonly<Record<string, string>>,
  namespace: string,
  { services, bindings }: PodsServices,
): readonly TargetGroupBinding[] =>
  services(namespace)
    .filter(({ spec }) => selects(spec.selector ?? {}, labels))
    .flatMap(({ metadata }) => bindings(`${namespace}/${metadata.name}`))
    .filter(({ metadata, spec }) => spec.targetType === 'ip' && metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))

/** A Service without selector selects nothing. */
function selects(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  const entries = Object.entries(selector)
  return entries.length > 0 && entries.every(([key, value]) => labels[key] === value)
}
