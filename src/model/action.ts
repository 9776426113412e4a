/** What a rule or a listener's default does with a request. Desired names target groups by Ref, Actual by ARN. */
import { sha256 } from '../lib/hash.ts'
import type { Ref } from './ref.ts'

/** An ARN that the user or AWS gave, or one of ours. */
export type TargetGroupName = string | Ref

export type ForwardTuple = { readonly targetGroup: TargetGroupName; readonly weight?: number }

export type ForwardAction = {
  readonly type: 'forward'
  readonly targetGroups: readonly ForwardTuple[]
  readonly stickiness?: { readonly enabled?: boolean; readonly durationSeconds?: number }
}
export type FixedResponseAction = {
  readonly type: 'fixed-response'
  readonly statusCode: string
  readonly contentType?: string
  readonly messageBody?: string
}
/** Absent members mean ALB's own placeholders: `#{protocol}`, `#{host}`, `#{port}`, `/#{path}`, `#{query}`. */
export type RedirectAction = {
  readonly type: 'redirect'
  readonly statusCode: string
  readonly protocol?: string
  readonly host?: string
  readonly port?: string
  readonly path?: string
  readonly query?: string
}
type Authenticate = {
  readonly onUnauthenticatedRequest: string
  readonly scope: string
  readonly sessionCookieName: string
  readonly sessionTimeoutSeconds: number
  readonly authenticationRequestExtraParams?: Readonly<Record<string, string>>
}
export type AuthenticateOidcAction = Authenticate & {
  readonly type: 'authenticate-oidc'
  readonly issuer: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly userInfoEndpoint: string
  /** What tells one client id from another: the id itself comes from a Secret too, and no plan shows it. */
  readonly client: string
  /** Where id and secret are read when the action is written. Absent in Actual: AWS never returns the secret. */
  readonly credentials?: SecretVersion
  /** Actual only: AWS has what the Secret held before. */
  readonly outdated?: true
}
/** A Secret, `<namespace>/<name>`, and the resourceVersion with which its content came. */
export type SecretVersion = { readonly secret: string; readonly version: string }

export const clientOf = (clientId: string): string => `sha256:${sha256(clientId).slice(0, 16)}`

export type AuthenticateCognitoAction = Authenticate & {
  readonly type: 'authenticate-cognito'
  readonly userPoolArn: string
  readonly userPoolClientId: string
  readonly userPoolDomain: string
}
export type JwtValidationAction = {
  readonly type: 'jwt-validation'
  readonly jwksEndpoint: string
  readonly issuer: string
  readonly additionalClaims?: readonly {
    readonly format: string
    readonly name: string
    readonly values: readonly string[]
  }[]
}
/** In the order in which ALB runs them; exactly one routing action, last. */
export type Action =
  | ForwardAction
  | FixedResponseAction
  | RedirectAction
  | AuthenticateOidcAction
  | AuthenticateCognitoAction
  | JwtValidationAction

/** `albc-model` 8.7: the default of a listener without a default backend. */
export const notFound: FixedResponseAction = {
  type: 'fixed-response',
  contentType: 'text/plain',
  statusCode: '404',
}
