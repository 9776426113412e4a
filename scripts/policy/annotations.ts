/** The policies that say at `kubectl apply` what the controller would say later: one rule for each declared annotation. */
import { type AnyDeclaration, keyOf, type Place, prefix } from '../../src/annotation/define.ts'
import { declarations } from '../../src/annotation/table.ts'
import { accepts, list, quoted } from './cel.ts'
import { binding, type Policy, policy, type Validation, variables } from './policy.ts'

const kinds = {
  Ingress: { name: 'albatross-ingress-annotations', group: 'networking.k8s.io', resource: 'ingresses' },
  Service: { name: 'albatross-service-annotations', group: '', resource: 'services' },
} as const satisfies Readonly<Record<Place, object>>

const article = { Ingress: 'an Ingress', Service: 'a Service' } as const

const on = (place: Place): readonly AnyDeclaration[] =>
  declarations.filter((declaration) => declaration.on.includes(place))

/** Only what is new is judged: what was there before stays, or nobody could write the object any more. */
const annotationPolicy = (place: Place): Policy => {
  const { name, group, resource } = kinds[place]
  return policy(name, {
    // It would help nobody to keep an Ingress out because a check broke.
    failurePolicy: 'Ignore',
    group,
    resource,
    matchConditions: [{ name: 'stays', expression: '!has(object.metadata.deletionTimestamp)' }],
    variables: [
      variables.given,
      variables.before,
      {
        name: 'fresh',
        expression: `variables.given.filter(k, k.startsWith(${quoted(prefix)}) && (!(k in variables.before) || variables.before[k] != variables.given[k]))`,
      },
      {
        name: 'names',
        expression: list(
          on(place)
            .filter(({ family }) => !family)
            .map(({ name }) => name),
        ),
      },
      {
        name: 'families',
        expression: list(
          on(place)
            .filter(({ family }) => family)
            .map(({ name }) => name),
        ),
      },
      {
        name: 'unread',
        expression: `variables.fresh.filter(k, !(${nameIn('k')} in variables.names) && !variables.families.exists(f, ${nameIn('k')}.startsWith(f) && size(${nameIn('k')}) > size(f)))`,
      },
    ],
    validations: [unread(place), ...on(place).flatMap(validationOf)],
  })
}

const nameIn = (key: string): string => `${key}.substring(${prefix.length})`

const unread = (place: Place): Validation => ({
  expression: 'size(variables.unread) == 0',
  message: `an annotation under ${prefix} is not read on ${article[place]}`,
  messageExpression: `"not read on ${article[place]}: " + variables.unread.join(", ")`,
  reason: 'Invalid',
})

function validationOf(declaration: AnyDeclaration): readonly Validation[] {
  const { form, allowed } = declaration.parser
  if (form === undefined) return []
  const key = keyOf(declaration)
  const good = accepts(form, declaration.family ? 'variables.given[k]' : `variables.given[${quoted(key)}]`)
  const expression = declaration.family
    ? `variables.fresh.all(k, !k.startsWith(${quoted(key)}) || (${good}))`
    : `!(${quoted(key)} in variables.fresh) || (${good})`
  const named = declaration.family ? `${key}<name>` : key
  return [{ expression, message: `${named}: allowed: ${allowed}`, reason: 'Invalid' }]
}

export const annotationPolicies = (): readonly object[] =>
  (['Ingress', 'Service'] as const).flatMap((place) => [
    annotationPolicy(place),
    binding(kinds[place].name, ['Warn']),
  ])
