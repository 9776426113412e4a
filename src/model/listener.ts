/** Listeners and their rules (`albc-model` 7, 9). */
import type { Condition, Transform } from '../route/condition.ts'
import type { Action } from './action.ts'
import type { Choice, IngressKey } from './choice.ts'
import type { Ref } from './ref.ts'
import type { Tags } from './tag.ts'

export type Protocol = 'HTTP' | 'HTTPS'

export type MutualAuthentication = {
  readonly mode: string
  readonly trustStoreArn?: string
  readonly ignoreClientCertificateExpiry?: boolean
  readonly advertiseTrustStoreCaNames?: string
}

export type Listener = {
  readonly ref: Ref
  readonly port: number
  readonly protocol: Protocol
  readonly defaultActions: Choice<readonly Action[]>
  /** ARNs, or the names of those in `Desired.certificates`; the default first. Empty for HTTP. */
  readonly certificates: Choice<readonly string[]>
  /** HTTPS only. */
  readonly sslPolicy?: Choice<string>
  readonly mutualAuthentication?: Choice<MutualAuthentication>
  readonly attributes: Readonly<Record<string, string>>
  /** Written only with the gate ListenerRulesTagging, as those of rules. */
  readonly tags: Tags
  /**
   * HTTP: a held member, or its unknown class, may ask for the redirect. While AWS redirects by default here, that and the
   * rules stay: a new rule would be served without the authentication that only HTTPS has.
   */
  readonly maybeRedirected?: true
  /** In the order of evaluation, after the optimiser. */
  readonly rules: readonly RuleItem[]
}

export type Rule = {
  readonly owner: IngressKey
  readonly conditions: readonly Condition[]
  readonly actions: readonly Action[]
  readonly transforms: readonly Transform[]
  /** User tags with cluster and stack; neither position nor owner (plan adds those at creation). */
  readonly tags: Tags
}

/** A member that can't be built now: its rules stay in this place as AWS serves them. */
export type HeldRules = { readonly held: IngressKey }

export type RuleItem = Rule | HeldRules
export const isHeld = (item: RuleItem): item is HeldRules => 'held' in item
