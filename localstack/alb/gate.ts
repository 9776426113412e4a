/** What a rule demands of a client before its routing action: a token, or a session with an identity provider. */
import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2'

export type Claim = {
  readonly name: string
  readonly format: 'single-string' | 'string-array' | 'space-separated-values'
  readonly values: readonly string[]
}
export type JwtGate = {
  readonly type: 'jwt'
  readonly jwks: string
  readonly issuer: string
  readonly claims: readonly Claim[]
}
export type SessionGate = {
  readonly type: 'session'
  readonly issuer: string
  readonly authorization: string
  /** None where the provider can't be reached from here: Cognito's own domains belong to AWS. */
  readonly token?: string
  readonly userInfo?: string
  readonly clientId: string
  readonly clientSecret?: string
  readonly scope: string
  readonly cookie: string
  readonly timeoutMs: number
  readonly extra: Readonly<Record<string, string>>
  readonly otherwise: 'deny' | 'allow' | 'authenticate'
}
export type Gate = JwtGate | SessionGate

export function gateOf(actions: readonly Action[], region: string, clientSecret?: string): Gate | undefined {
  for (const action of actions) {
    if (action.Type === 'jwt-validation') return jwtGate(action)
    if (action.Type === 'authenticate-oidc') return oidcGate(action, clientSecret)
    if (action.Type === 'authenticate-cognito') return cognitoGate(action, region)
  }
  return undefined
}

const jwtGate = ({ JwtValidationConfig: config }: Action): JwtGate => ({
  type: 'jwt',
  jwks: config?.JwksEndpoint ?? '',
  issuer: config?.Issuer ?? '',
  claims: (config?.AdditionalClaims ?? []).map(({ Name = '', Format = 'single-string', Values = [] }) => ({
    name: Name,
    format: Format,
    values: Values,
  })),
})

type Session = NonNullable<Action['AuthenticateOidcConfig'] | Action['AuthenticateCognitoConfig']>

const sessionOf = (config: Partial<Session>) => ({
  type: 'session' as const,
  scope: config.Scope ?? 'openid',
  cookie: config.SessionCookieName ?? 'AWSELBAuthSessionCookie',
  timeoutMs: (config.SessionTimeout ?? 604_800) * 1000,
  extra: config.AuthenticationRequestExtraParams ?? {},
  otherwise: config.OnUnauthenticatedRequest ?? 'authenticate',
})

const oidcGate = (
  { AuthenticateOidcConfig: config }: Action,
  clientSecret: string | undefined,
): SessionGate => ({
  ...sessionOf(config ?? {}),
  issuer: config?.Issuer ?? '',
  authorization: config?.AuthorizationEndpoint ?? '',
  ...(config?.TokenEndpoint === undefined ? {} : { token: config.TokenEndpoint }),
  ...(config?.UserInfoEndpoint === undefined ? {} : { userInfo: config.UserInfoEndpoint }),
  clientId: config?.ClientId ?? '',
  ...(clientSecret === undefined ? {} : { clientSecret }),
})

/** A domain without a dot is a prefix of Cognito's own; any other one is the user's, and is asked. */
function cognitoGate({ AuthenticateCognitoConfig: config }: Action, region: string): SessionGate {
  const { UserPoolArn = '', UserPoolClientId = '', UserPoolDomain: domain = '' } = config ?? {}
  const own = domain.includes('.')
  const base = own ? `https://${domain}` : `https://${domain}.auth.${region}.amazoncognito.com`
  return {
    ...sessionOf(config ?? {}),
    issuer: `https://cognito-idp.${region}.amazonaws.com/${UserPoolArn.split('/').at(-1) ?? ''}`,
    authorization: `${base}/oauth2/authorize`,
    ...(own ? { token: `${base}/oauth2/token`, userInfo: `${base}/oauth2/userInfo` } : {}),
    clientId: UserPoolClientId,
  }
}
