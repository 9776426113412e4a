/** Actions of rules and listeners: wire <-> model, without AWS's placeholders, mirrors and defaults. */
import type {
  Action as WireAction,
  AuthenticateCognitoActionConditionalBehaviorEnum,
  AuthenticateOidcActionConditionalBehaviorEnum,
  ForwardActionConfig,
  JwtValidationActionAdditionalClaimFormatEnum,
  RedirectActionConfig,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import {
  type Action,
  type AuthenticateCognitoAction,
  type AuthenticateOidcAction,
  clientOf,
  type ForwardAction,
  type JwtValidationAction,
  type RedirectAction,
  type SecretVersion,
  type TargetGroupName,
} from '../../model/action.ts'
import type { ClientCredentials } from '../../model/oidc-secret.ts'
import { listOrAbsent, present, textOrAbsent } from './compact.ts'

/** The ARN that a name stands for now. */
export type ArnOf = (name: TargetGroupName) => string

/** Actions of a kind that we never write (another's hand) are dropped: the rest then differs from all we want. */
export const readActions = (actions: readonly WireAction[] | undefined): readonly Action[] =>
  [...(actions ?? [])]
    .sort((a, b) => (a.Order ?? 0) - (b.Order ?? 0))
    .map(readAction)
    .filter((action) => action !== undefined)

function readAction(wire: WireAction): Action | undefined {
  switch (wire.Type) {
    case 'forward':
      return readForward(wire)
    case 'redirect':
      return readRedirect(wire.RedirectConfig)
    case 'fixed-response':
      return present({
        type: 'fixed-response' as const,
        statusCode: wire.FixedResponseConfig?.StatusCode ?? '',
        contentType: textOrAbsent(wire.FixedResponseConfig?.ContentType),
        messageBody: textOrAbsent(wire.FixedResponseConfig?.MessageBody),
      })
    case 'authenticate-oidc':
      return readOidc(wire)
    case 'authenticate-cognito':
      return readCognito(wire)
    case 'jwt-validation':
      return readJwt(wire)
    default:
      return undefined
  }
}

/** With one target group its weight says nothing. The list is sorted: its order means nothing. */
function readForward({ ForwardConfig: config, TargetGroupArn: single }: WireAction): ForwardAction {
  const tuples = config?.TargetGroups ?? (single === undefined ? [] : [{ TargetGroupArn: single }])
  const stickiness = config?.TargetGroupStickinessConfig
  const idle = stickiness?.Enabled !== true && stickiness?.DurationSeconds === undefined
  return present({
    type: 'forward' as const,
    targetGroups: tuples
      .map(({ TargetGroupArn: targetGroup = '', Weight: weight }) =>
        present({ targetGroup, weight: tuples.length === 1 ? undefined : (weight ?? 1) }),
      )
      .sort((a, b) => (a.targetGroup < b.targetGroup ? -1 : 1)),
    stickiness: idle
      ? undefined
      : present({ enabled: stickiness.Enabled === true, durationSeconds: stickiness.DurationSeconds }),
  })
}

function readRedirect(config: RedirectActionConfig | undefined): RedirectAction {
  const unless = (value: string | undefined, placeholder: string): string | undefined =>
    value === placeholder ? undefined : textOrAbsent(value)
  return present({
    type: 'redirect' as const,
    statusCode: config?.StatusCode ?? '',
    protocol: unless(config?.Protocol, '#{protocol}'),
    host: unless(config?.Host, '#{host}'),
    port: unless(config?.Port, '#{port}'),
    path: unless(config?.Path, '/#{path}'),
    query: unless(config?.Query, '#{query}'),
  })
}

type WireAuthenticate = {
  readonly OnUnauthenticatedRequest?: string | undefined
  readonly Scope?: string | undefined
  readonly SessionCookieName?: string | undefined
  readonly SessionTimeout?: number | undefined
  readonly AuthenticationRequestExtraParams?: Record<string, string> | undefined
}
/** AWS's own defaults, which it fills in itself but an old rule may lack. */
const readAuthenticate = (config: WireAuthenticate | undefined) => {
  const extra = config?.AuthenticationRequestExtraParams ?? {}
  return {
    onUnauthenticatedRequest: config?.OnUnauthenticatedRequest ?? 'authenticate',
    scope: config?.Scope ?? 'openid',
    sessionCookieName: config?.SessionCookieName ?? 'AWSELBAuthSessionCookie',
    sessionTimeoutSeconds: Number(config?.SessionTimeout ?? 604_800),
    authenticationRequestExtraParams: Object.keys(extra).length === 0 ? undefined : extra,
  }
}

const readOidc = ({ AuthenticateOidcConfig: config }: WireAction): AuthenticateOidcAction =>
  present({
    type: 'authenticate-oidc' as const,
    ...readAuthenticate(config),
    issuer: config?.Issuer ?? '',
    authorizationEndpoint: config?.AuthorizationEndpoint ?? '',
    tokenEndpoint: config?.TokenEndpoint ?? '',
    userInfoEndpoint: config?.UserInfoEndpoint ?? '',
    client: clientOf(config?.ClientId ?? ''),
  })

const readCognito = ({ AuthenticateCognitoConfig: config }: WireAction): AuthenticateCognitoAction =>
  present({
    type: 'authenticate-cognito' as const,
    ...readAuthenticate(config),
    userPoolArn: config?.UserPoolArn ?? '',
    userPoolClientId: config?.UserPoolClientId ?? '',
    userPoolDomain: config?.UserPoolDomain ?? '',
  })

const readJwt = ({ JwtValidationConfig: config }: WireAction): JwtValidationAction =>
  present({
    type: 'jwt-validation' as const,
    jwksEndpoint: config?.JwksEndpoint ?? '',
    issuer: config?.Issuer ?? '',
    additionalClaims: listOrAbsent(
      (config?.AdditionalClaims ?? []).map(({ Format = '', Name = '', Values = [] }) => ({
        format: Format,
        name: Name,
        values: Values,
      })),
    ),
  })

/** What a Secret holds now, which may be newer than what was planned. */
export type CredentialsOf = (
  planned: SecretVersion,
) => (ClientCredentials & { readonly version: string }) | undefined

export const actionList = (
  actions: readonly Action[],
  arnOf: ArnOf,
  credentialsOf: CredentialsOf,
): WireAction[] =>
  actions.map((action, index) => ({ ...wireAction(action, arnOf, credentialsOf), Order: index + 1 }))

function wireAction(action: Action, arnOf: ArnOf, credentialsOf: CredentialsOf): WireAction {
  switch (action.type) {
    case 'forward':
      return { Type: 'forward', ForwardConfig: wireForward(action, arnOf) }
    case 'fixed-response':
      return {
        Type: 'fixed-response',
        FixedResponseConfig: {
          StatusCode: action.statusCode,
          ContentType: action.contentType,
          MessageBody: action.messageBody,
        },
      }
    case 'redirect':
      return { Type: 'redirect', RedirectConfig: wireRedirect(action) }
    case 'authenticate-oidc':
      return { Type: 'authenticate-oidc', AuthenticateOidcConfig: wireOidc(action, credentialsOf) }
    case 'authenticate-cognito':
      return { Type: 'authenticate-cognito', AuthenticateCognitoConfig: wireCognito(action) }
    case 'jwt-validation':
      return { Type: 'jwt-validation', JwtValidationConfig: wireJwt(action) }
  }
}

const wireForward = ({ targetGroups, stickiness }: ForwardAction, arnOf: ArnOf): ForwardActionConfig => ({
  TargetGroups: targetGroups.map(({ targetGroup, weight }) => ({
    TargetGroupArn: arnOf(targetGroup),
    Weight: weight,
  })),
  ...(stickiness === undefined
    ? {}
    : {
        TargetGroupStickinessConfig: {
          Enabled: stickiness.enabled,
          DurationSeconds: stickiness.durationSeconds,
        },
      }),
})

const wireRedirect = (action: RedirectAction): RedirectActionConfig => ({
  StatusCode: action.statusCode === 'HTTP_302' ? 'HTTP_302' : 'HTTP_301',
  Protocol: action.protocol,
  Host: action.host,
  Port: action.port,
  Path: action.path,
  Query: action.query,
})

const wireAuthenticate = (action: AuthenticateOidcAction | AuthenticateCognitoAction) => ({
  Scope: action.scope,
  SessionCookieName: action.sessionCookieName,
  SessionTimeout: action.sessionTimeoutSeconds,
  ...(action.authenticationRequestExtraParams === undefined
    ? {}
    : { AuthenticationRequestExtraParams: { ...action.authenticationRequestExtraParams } }),
})

/** Whoever writes has seen that the credentials are there: without them AWS would refuse, or serve another client. */
function wireOidc(action: AuthenticateOidcAction, credentialsOf: CredentialsOf) {
  const credentials = action.credentials && credentialsOf(action.credentials)
  if (!credentials) throw new Error(`no client credentials for ${action.issuer}`)
  return {
    ...wireAuthenticate(action),
    OnUnauthenticatedRequest:
      action.onUnauthenticatedRequest as AuthenticateOidcActionConditionalBehaviorEnum,
    Issuer: action.issuer,
    AuthorizationEndpoint: action.authorizationEndpoint,
    TokenEndpoint: action.tokenEndpoint,
    UserInfoEndpoint: action.userInfoEndpoint,
    ClientId: credentials.clientId.reveal(),
    ClientSecret: credentials.clientSecret.reveal(),
  }
}

const wireCognito = (action: AuthenticateCognitoAction) => ({
  ...wireAuthenticate(action),
  OnUnauthenticatedRequest:
    action.onUnauthenticatedRequest as AuthenticateCognitoActionConditionalBehaviorEnum,
  UserPoolArn: action.userPoolArn,
  UserPoolClientId: action.userPoolClientId,
  UserPoolDomain: action.userPoolDomain,
})

const wireJwt = ({ jwksEndpoint, issuer, additionalClaims }: JwtValidationAction) => ({
  JwksEndpoint: jwksEndpoint,
  Issuer: issuer,
  ...(additionalClaims === undefined
    ? {}
    : {
        AdditionalClaims: additionalClaims.map(({ format, name, values }) => ({
          Format: format as JwtValidationActionAdditionalClaimFormatEnum,
          Name: name,
          Values: [...values],
        })),
      }),
})
