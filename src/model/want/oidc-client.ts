/** The client of an OpenID Connect rule, from the Secret that it names in the namespace of its Ingress (`albc-model` 8.4). */
import { authIdpOidc } from '../../annotation/auth.ts'
import { keyOf } from '../../annotation/define.ts'
import { type AuthenticateOidcAction, clientOf } from '../action.ts'
import { clientCredentials } from '../oidc-secret.ts'
import { awaitFact, fault, refuse, type Scope } from './scope.ts'

const field = keyOf(authIdpOidc)
/** What the API server takes as a name. */
const isName = (name: string): boolean => name.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name)

/** A reference for apply, and what tells whether AWS has another client; never the values. */
export function clientIn(
  scope: Scope,
  name: string,
): Pick<AuthenticateOidcAction, 'client' | 'credentials'> | undefined {
  const { namespace = '' } = scope.member.ingress.metadata
  if (name === '')
    return refuse(scope, field, 'missing secretName', `Name a Secret of ${namespace} in ${field}.`)
  const key = `${namespace}/${name}`
  if (!isName(name)) return unusable(scope, `secrets "${name}" not found`, `Correct secretName in ${field}.`)
  scope.world.asked.secrets.add(key)
  const fact = scope.world.facts.secrets?.get(key)
  if (fact === undefined) return awaitFact(scope, () => undefined)
  if (fact.found === 'denied')
    return unusable(
      scope,
      `secrets "${name}" can't be read: ${fact.message}`,
      `Let a Role of namespace ${namespace} allow the controller to get, list and watch Secret ${name}.`,
    )
  if (!fact.found)
    return unusable(
      scope,
      `secrets "${name}" not found`,
      `Create Secret ${key} with clientID and clientSecret, or correct secretName in ${field}.`,
    )
  const unlabelled = missingLabel(scope, key, fact.object.metadata.labels ?? {})
  if (unlabelled !== undefined)
    return unusable(scope, unlabelled, `Label Secret ${key} as --required-secrets-label asks.`)
  const found = clientCredentials(fact.object, key)
  if (!found.ok)
    return unusable(scope, found.error.message, `Write ${found.error.key} into Secret ${key}, as text.`)
  return {
    client: clientOf(found.value.clientId.reveal()),
    credentials: { secret: key, version: fact.version },
  }
}

const unusable = (scope: Scope, message: string, remedy: string): undefined =>
  fault(scope, 'SecretUnusable', { field, message, remedy })

function missingLabel(
  scope: Scope,
  secret: string,
  labels: Readonly<Record<string, string>>,
): string | undefined {
  const { requiredSecretsLabel: required } = scope.world.settings
  if (required === undefined || labels[required.key] === required.value) return undefined
  const actual = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}:${value}`)
  return `secret ${secret} is missing required label ${required.key}=${required.value}; actual labels: map[${actual.join(' ')}]`
}
