/** Actions that authenticate: OIDC, Cognito, JWT. Defaults filled; the client secret is kept apart. */
import type {
  Action,
  AuthenticateCognitoActionConfig,
  AuthenticateOidcActionConfig,
  JwtValidationActionConfig,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { compact } from './compact.ts'
import { among, between, constraint, invalid, length } from './refuse.ts'

type Session = Pick<
  AuthenticateOidcActionConfig,
  | 'SessionCookieName'
  | 'Scope'
  | 'SessionTimeout'
  | 'AuthenticationRequestExtraParams'
  | 'OnUnauthenticatedRequest'
>
const maxExtraParams = 10
const reservedClaims = ['exp', 'iss', 'nbf', 'iat']

export function clientSecretOf(actions: readonly Action[], existing: string | undefined): string | undefined {
  const config = actions.find(({ AuthenticateOidcConfig }) => AuthenticateOidcConfig)?.AuthenticateOidcConfig
  if (!config) return undefined
  if (config.UseExistingClientSecret && config.ClientSecret)
    invalid('A client secret cannot be specified when the existing one is to be used')
  const secret = config.UseExistingClientSecret ? existing : config.ClientSecret
  return secret || invalid('A client secret must be specified')
}

export function authenticateOut(action: Action): Partial<Action> {
  if (action.Type === 'jwt-validation') return { JwtValidationConfig: jwtOut(action.JwtValidationConfig) }
  if (action.Type === 'authenticate-cognito')
    return { AuthenticateCognitoConfig: cognitoOut(action.AuthenticateCognitoConfig) }
  return { AuthenticateOidcConfig: oidcOut(action.AuthenticateOidcConfig) }
}

function sessionOut(config: Session): Session {
  const { SessionTimeout = 604_800, OnUnauthenticatedRequest = 'authenticate' } = config
  between('sessionTimeout', SessionTimeout, 1, 604_800)
  among('onUnauthenticatedRequest', OnUnauthenticatedRequest, ['deny', 'allow', 'authenticate'])
  const extra = config.AuthenticationRequestExtraParams
  if (Object.keys(extra ?? {}).length > maxExtraParams)
    invalid(`At most '${maxExtraParams}' extra parameters can be specified`)
  return compact<Session>({
    SessionCookieName: config.SessionCookieName ?? 'AWSELBAuthSessionCookie',
    Scope: config.Scope ?? 'openid',
    SessionTimeout,
    AuthenticationRequestExtraParams: extra,
    OnUnauthenticatedRequest,
  })
}

function oidcOut(config: AuthenticateOidcActionConfig | undefined): AuthenticateOidcActionConfig {
  if (!config) invalid('An OIDC configuration must be specified')
  const { Issuer, AuthorizationEndpoint, TokenEndpoint, UserInfoEndpoint, ClientId } = config
  for (const endpoint of [Issuer, AuthorizationEndpoint, TokenEndpoint, UserInfoEndpoint])
    if (!endpoint?.startsWith('https://') || !URL.canParse(endpoint))
      invalid(`'${endpoint ?? ''}' is not a valid HTTPS URL`)
  if (!ClientId) invalid('A client ID must be specified')
  return {
    Issuer,
    AuthorizationEndpoint,
    TokenEndpoint,
    UserInfoEndpoint,
    ClientId,
    ...sessionOut(config),
  }
}

function cognitoOut(config: AuthenticateCognitoActionConfig | undefined): AuthenticateCognitoActionConfig {
  if (!config) invalid('A Cognito configuration must be specified')
  const { UserPoolArn, UserPoolClientId, UserPoolDomain } = config
  if (!/^arn:[\w-]+:cognito-idp:[\w-]+:\d{12}:userpool\/.+/.test(UserPoolArn ?? ''))
    invalid(`'${UserPoolArn ?? ''}' is not a valid user pool ARN`)
  if (!UserPoolClientId || !UserPoolDomain) invalid('A user pool client ID and domain must be specified')
  return { UserPoolArn, UserPoolClientId, UserPoolDomain, ...sessionOut(config) }
}

function jwtOut(config: JwtValidationActionConfig | undefined): JwtValidationActionConfig {
  if (!config) invalid('A JWT validation configuration must be specified')
  const { JwksEndpoint = '', Issuer = '', AdditionalClaims } = config
  length('jwksEndpoint', JwksEndpoint, 1, 256)
  length('issuer', Issuer, 1, 256)
  if (!JwksEndpoint.startsWith('https://') || !URL.canParse(JwksEndpoint))
    invalid(`'${JwksEndpoint}' is not a valid HTTPS URL`)
  const claims = AdditionalClaims ?? []
  if (claims.length > 10)
    constraint('additionalClaims', `[${claims.length}]`, 'have length less than or equal to 10')
  for (const { Format, Name = '', Values = [] } of claims) {
    among('format', Format, ['single-string', 'string-array', 'space-separated-values'])
    if (reservedClaims.includes(Name)) invalid(`The claim '${Name}' is always validated and cannot be added`)
    if (Values.length < 1 || Values.length > 10) invalid(`The claim '${Name}' must have 1 to 10 values`)
    if (Format === 'single-string' && Values.length > 1)
      invalid(`The claim '${Name}' can have one value only`)
    for (const value of Values) length('values', value, 1, 256)
  }
  return compact<JwtValidationActionConfig>({
    JwksEndpoint,
    Issuer,
    AdditionalClaims: claims.length > 0 ? claims : undefined,
  })
}
