/** Is this Ingress ours? The class rules of ALBC (`albc-model` 1.3, 1.4), with a mistake charged to the Ingress that has it. */
import { fail, ok, type Result } from '../lib/result.ts'
import type { Cluster, Ingress, IngressClass, IngressClassParams, Namespace } from './cluster.ts'
import { ingressRef, type Problem } from './problem.ts'
import { matchesSelector } from '../lib/selector.ts'
import { type Semantics, semantics, type Settings, type WhenExposed, whenExposed } from './settings.ts'

const classAnnotation = 'kubernetes.io/ingress.class'
const defaultAnnotation = 'ingressclass.kubernetes.io/is-default-class'

/** Of an IngressClass: what paths, hosts and default backends of its Ingresses mean. */
const semanticsAnnotation = 'albatross.dev/ingress-semantics'
/** What is answered of an Ingress that is held while its edit would let fewer in. */
const exposedAnnotation = 'albatross.dev/when-exposed'

export type Ownership = {
  readonly ours: boolean
  readonly params?: IngressClassParams
  /** As the class says; absent: it says nothing. */
  readonly semantics?: Semantics
  readonly whenExposed?: WhenExposed
}

export type ClassIndex = {
  readonly classes: ReadonlyMap<string, IngressClass>
  readonly defaults: readonly IngressClass[]
  readonly params: ReadonlyMap<string, IngressClassParams>
  readonly namespaces: ReadonlyMap<string, Namespace>
}

const byName = <T extends { readonly metadata: { readonly name: string } }>(list: readonly T[]) =>
  new Map(list.map((object) => [object.metadata.name, object]))

export const classIndex = (cluster: Cluster): ClassIndex => ({
  classes: byName(cluster.ingressClasses),
  defaults: cluster.ingressClasses.filter(
    ({ metadata }) => metadata.annotations?.[defaultAnnotation] === 'true',
  ),
  params: byName(cluster.ingressClassParams),
  namespaces: byName(cluster.namespaces),
})

export function ownership(
  ingress: Ingress,
  index: ClassIndex,
  settings: Settings,
): Result<Ownership, Problem> {
  const legacy = ingress.metadata.annotations?.[classAnnotation]
  if (legacy !== undefined)
    return ok({
      ours: legacy === settings.ingressClass || (settings.ingressClass === '' && legacy === 'alb'),
    })
  const name = ingress.spec.ingressClassName
  if (name !== undefined) return byClass(ingress, name, index, settings)
  const [only, ...others] = index.defaults
  if (only === undefined) return ok({ ours: settings.ingressClass === '' })
  return others.length === 0
    ? byClass(ingress, only.metadata.name, index, settings)
    : fail(severalDefaults(ingress, index.defaults))
}

function byClass(
  ingress: Ingress,
  name: string,
  index: ClassIndex,
  settings: Settings,
): Result<Ownership, Problem> {
  const found = index.classes.get(name)
  if (!found)
    return invalid(ingress, `ingressclasses.networking.k8s.io "${name}" not found`, {
      remedy: `Create IngressClass ${name}, or name one that exists in spec.ingressClassName.`,
    })
  if (found.spec.controller !== settings.ingressClassController) return ok({ ours: false })
  const meaning = chosen(found, semanticsAnnotation, semantics)
  const exposed = chosen(found, exposedAnnotation, whenExposed)
  for (const choice of [meaning, exposed])
    if (choice.wrong !== undefined)
      return invalid(ingress, `annotation ${choice.key} of IngressClass ${name} is "${choice.wrong}"`, {
        remedy: `Write ${choice.allowed.join(' or ')} there, or remove it.`,
      })
  const says = {
    ...(meaning.value ? { semantics: meaning.value } : {}),
    ...(exposed.value ? { whenExposed: exposed.value } : {}),
  }
  const parameters = found.spec.parameters
  if (!parameters) return ok({ ours: true, ...says })
  if (parameters.apiGroup !== 'elbv2.k8s.aws' || parameters.kind !== 'IngressClassParams')
    return invalid(ingress, `IngressClass ${name} references unknown parameters`, {
      remedy: `In IngressClass ${name}, set spec.parameters to apiGroup elbv2.k8s.aws, kind IngressClassParams.`,
    })
  const params = index.params.get(parameters.name)
  if (!params)
    return invalid(ingress, `IngressClassParams.elbv2.k8s.aws "${parameters.name}" not found`, {
      kind: 'InvalidIngressClassParams',
      remedy: `Create IngressClassParams ${parameters.name}, or remove spec.parameters from IngressClass ${name}.`,
    })
  const admitted = admits(ingress, params, index)
  return admitted.ok ? ok({ ...admitted.value, ...says }) : admitted
}

/** What an annotation of a class says, of a few words. */
function chosen<T extends string>(
  { metadata }: IngressClass,
  key: string,
  allowed: readonly T[],
): { readonly key: string; readonly allowed: readonly T[]; readonly value?: T; readonly wrong?: string } {
  const stated = metadata.annotations?.[key]
  const value = allowed.find((one) => one === stated)
  if (value !== undefined) return { key, allowed, value }
  return { key, allowed, ...(stated === undefined ? {} : { wrong: stated }) }
}

function admits(ingress: Ingress, params: IngressClassParams, index: ClassIndex): Result<Ownership, Problem> {
  const selector = params.spec.namespaceSelector
  const labels = index.namespaces.get(ingress.metadata.namespace ?? '')?.metadata.labels ?? {}
  if (!selector || matchesSelector(selector, labels)) return ok({ ours: true, params })
  const { name } = params.metadata
  return invalid(ingress, `namespaceSelector of IngressClassParams ${name} mismatch`, {
    remedy: `Label the namespace ${ingress.metadata.namespace} as IngressClassParams ${name} asks, or use another class.`,
  })
}

const invalid = (
  ingress: Ingress,
  why: string,
  more: { readonly remedy: string; readonly kind?: 'InvalidIngressClassParams' },
) =>
  fail<Problem>({
    kind: more.kind ?? 'InvalidIngressClass',
    on: ingressRef(ingress.metadata),
    level: 'error',
    field: 'spec.ingressClassName',
    message: `invalid ingress class: ${why}`,
    remedy: more.remedy,
  })

const severalDefaults = (ingress: Ingress, defaults: readonly IngressClass[]): Problem => ({
  kind: 'MultipleDefaultIngressClasses',
  on: ingressRef(ingress.metadata),
  level: 'error',
  field: 'spec.ingressClassName',
  message: `multiple default IngressClasses found: ${defaults.map(({ metadata }) => metadata.name).join(', ')}`,
  remedy: `Set spec.ingressClassName, or leave the annotation ${defaultAnnotation} on one IngressClass only.`,
})
