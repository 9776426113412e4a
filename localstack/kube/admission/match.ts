/** Which webhooks a write goes through, in the order in which they are called: the mutating ones first, by name of their configuration. */
import { type LabelSelector, matchesSelector } from '../../../src/lib/selector.ts'
import { at, type Fields, fields, items, type KubeObject, text } from '../object.ts'
import type { Resource } from '../resource.ts'
import type { Store } from '../store.ts'

type Operation = 'CREATE' | 'UPDATE'
/** `old` is there on an update. */
export type Question = {
  readonly operation: Operation
  readonly resource: Resource
  readonly subresource: string
  readonly namespace: string | undefined
  /** As sent: tells the same question from another. */
  readonly given: KubeObject
  /** As it would be stored. */
  readonly object: KubeObject
  readonly old?: KubeObject
  readonly dryRun: boolean
}
export type Hook = { readonly name: string; readonly mutating: boolean; readonly webhook: Fields }

const group = 'admissionregistration.k8s.io'
const kinds = [
  { storage: `mutatingwebhookconfigurations.${group}`, mutating: true },
  { storage: `validatingwebhookconfigurations.${group}`, mutating: false },
]

export const hasHooks = (store: Store): boolean => kinds.some(({ storage }) => store.list(storage).length > 0)

export function hooksFor(store: Store, question: Question): readonly Hook[] {
  // Or a broken webhook could not be taken away.
  if (question.resource.group === group) return []
  return kinds.flatMap(({ storage, mutating }) =>
    store
      .list(storage)
      .flatMap((configuration) => items(configuration.webhooks).map(fields))
      .filter((webhook) => matches(store, webhook, question))
      .map((webhook) => ({ name: text(webhook.name), mutating, webhook })),
  )
}

const matches = (store: Store, webhook: Fields, question: Question): boolean =>
  items(webhook.rules).some((rule) => ruleMatches(fields(rule), question)) &&
  inNamespace(store, webhook, question) &&
  [question.object, question.old].some(
    (object) => object !== undefined && selects(webhook.objectSelector, object),
  )

function ruleMatches(rule: Fields, { operation, resource, subresource }: Question): boolean {
  const has = (list: unknown, value: string): boolean =>
    items(list).some((one) => one === '*' || one === value)
  const names = subresource === '' ? [resource.plural, '*'] : []
  const all = [
    ...names,
    '*/*',
    `${resource.plural}/${subresource === '' ? '*' : subresource}`,
    ...(subresource === '' ? [] : [`${resource.plural}/*`, `*/${subresource}`]),
  ]
  const scope = rule.scope ?? '*'
  return (
    has(rule.operations, operation) &&
    has(rule.apiGroups, resource.group) &&
    has(rule.apiVersions, resource.version) &&
    items(rule.resources).some((one) => all.includes(text(one))) &&
    (scope === '*' || scope === (resource.namespaced ? 'Namespaced' : 'Cluster'))
  )
}

/** A namespace is judged by its own labels; what is in none, by nothing. */
function inNamespace(store: Store, webhook: Fields, { resource, namespace, object }: Question): boolean {
  if (resource.storage === 'namespaces') return selects(webhook.namespaceSelector, object)
  if (!resource.namespaced) return true
  const found = store.get('namespaces', undefined, namespace ?? '')
  return found !== undefined && selects(webhook.namespaceSelector, found)
}

const selects = (selector: unknown, object: KubeObject): boolean =>
  matchesSelector(
    fields(selector) as LabelSelector,
    fields(at(object, 'metadata', 'labels')) as Readonly<Record<string, string>>,
  )
