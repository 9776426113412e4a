/** Client credentials of OpenID Connect: what to send, and which rules still have what a Secret held before. */
import type { CredentialsOf } from '../aws/codec/action.ts'
import type { Action, AuthenticateOidcAction, SecretVersion } from '../model/action.ts'
import type { Actual } from '../model/actual.ts'
import type { Choice } from '../model/choice.ts'
import type { Desired } from '../model/desired.ts'
import { isHeld } from '../model/listener.ts'
import { clientCredentials } from '../model/oidc-secret.ts'
import { ownerTag } from '../model/tag.ts'
import { conditionsKey } from '../plan/match.ts'
import type { Context } from './context.ts'

/** From the Secret as it is now, whatever was planned. */
export const credentialsOf =
  ({ secrets }: Pick<Known, 'secrets'>): CredentialsOf =>
  ({ secret }) => {
    const fact = secrets.get(secret)
    if (fact?.found !== true) return undefined
    const found = clientCredentials(fact.object, secret)
    return found.ok ? { ...found.value, version: fact.version } : undefined
  }

type Known = Pick<Context, 'recordedSecrets'> & {
  readonly mirror: Pick<Context['mirror'], 'credentials'>
  readonly secrets: Pick<Context['secrets'], 'get'>
}

/**
 * AWS never returns a client secret, so that what it has is known by which version was sent. What somebody else wrote
 * (an earlier run, ALBC) has the version that the group's status remembers, else, as far as anybody knows, the current one.
 */
export function markOutdated(actual: Actual, desired: Desired, known: Known): Actual {
  const { credentials: sent } = known.mirror
  const wanted = wantedBy(desired)
  if (wanted.size === 0) return actual
  const ports = new Map(actual.listeners.map(({ arn, port }) => [arn, port]))
  const mark = (arn: string, place: string, owner: string | undefined, actions: readonly Action[]) => {
    if (!actions.some(isOidc)) return actions
    const candidates = wanted.get(place) ?? []
    const candidate = candidates.find((one) => one.owner === owner) ?? candidates[0]
    if (!candidate) return actions
    const now = sent.get(arn) ?? remembered(candidate.credentials, desired.stack, known)
    sent.set(arn, now)
    const { secret, version } = candidate.credentials
    if (now.secret === secret && now.version === version) return actions
    return actions.map((action) => (isOidc(action) ? { ...action, outdated: true as const } : action))
  }
  return {
    ...actual,
    listeners: actual.listeners.map((listener) => {
      const { arn, port, defaultActions } = listener
      return { ...listener, defaultActions: mark(arn, String(port), undefined, defaultActions) }
    }),
    rules: actual.rules.map((rule) => {
      const place = `${ports.get(rule.listenerArn)} ${conditionsKey(rule.conditions)}`
      return { ...rule, actions: mark(rule.arn, place, rule.tags[ownerTag], rule.actions) }
    }),
  }
}

const isOidc = (action: Action): action is AuthenticateOidcAction => action.type === 'authenticate-oidc'

function remembered(
  current: SecretVersion,
  stack: string,
  { recordedSecrets, secrets }: Known,
): SecretVersion {
  const { secret } = current
  const fact = secrets.get(secret)
  if (fact?.found !== true) return current
  const before = recordedSecrets(stack)?.get(secret)
  const same = before === undefined ? fact.late !== true : before === fact.object.metadata.resourceVersion
  return same ? current : { secret, version: before ?? '' }
}

type Wanted = { readonly owner?: string; readonly credentials: SecretVersion }

/** By place: the port, and a rule's conditions. */
function wantedBy({ listeners }: Desired): ReadonlyMap<string, readonly Wanted[]> {
  const wanted = new Map<string, Wanted[]>()
  const add = (place: string, actions: readonly Action[], owner?: string): void => {
    for (const action of actions)
      if (isOidc(action) && action.credentials)
        wanted.set(place, [
          ...(wanted.get(place) ?? []),
          { credentials: action.credentials, ...(owner === undefined ? {} : { owner }) },
        ])
  }
  for (const { port, rules, defaultActions } of listeners) {
    for (const actions of valuesOf(defaultActions)) add(String(port), actions)
    for (const rule of rules)
      if (!isHeld(rule)) add(`${port} ${conditionsKey(rule.conditions)}`, rule.actions, rule.owner)
  }
  return wanted
}

const valuesOf = <T>(choice: Choice<T>): readonly T[] =>
  'is' in choice ? [choice.is] : 'keep' in choice ? [] : choice.oneOf.map(({ value }) => value)
