/** What stands before the routing action on HTTPS listeners: Cognito, OpenID Connect or a token (`albc-model` 8.4, 8.5). */
import * as declared from '../../annotation/auth.ts'
import { keyOf } from '../../annotation/define.ts'
import { own, preferService } from '../../annotation/read.ts'
import type { Parser } from '../../annotation/parser.ts'
import type { Action, AuthenticateOidcAction, JwtValidationAction } from '../action.ts'
import type { Service } from '../cluster.ts'
import { clientIn } from './oidc-client.ts'
import { annotationsOf, refuse, type Scope, take, warn } from './scope.ts'

/** The ports at which the rules of a member are asked. */
export type Doors = { readonly secure: readonly number[]; readonly plain: readonly number[] }

/** One action, or none. Everything is parsed, even what is not used, as ALBC does; what is missing counts on HTTPS alone. */
export function authOf(
  scope: Scope,
  service: Service | undefined,
  { secure, plain }: Doors,
): Action | undefined {
  const pick = [annotationsOf(scope), service?.metadata.annotations] as const
  const type = take(scope, preferService(...pick, declared.authType))
  const cognito = take(scope, preferService(...pick, declared.authIdpCognito))
  const oidc = take(scope, preferService(...pick, declared.authIdpOidc))
  const session = {
    onUnauthenticatedRequest:
      take(scope, preferService(...pick, declared.authOnUnauthenticatedRequest)) ?? '',
    scope: take(scope, preferService(...pick, declared.authScope)) ?? '',
    sessionCookieName: take(scope, preferService(...pick, declared.authSessionCookie)) ?? '',
    sessionTimeoutSeconds: take(scope, preferService(...pick, declared.authSessionTimeout)) ?? 0,
  }
  const jwt = jwtOf(scope)
  if (plain.length > 0 && (type === 'oidc' || type === 'cognito')) tellPlain(scope, declared.authType, plain)
  else if (plain.length > 0 && jwt) tellPlain(scope, declared.jwtValidation, plain)
  if (secure.length === 0) return undefined
  if (type === undefined || type === 'none') return jwt
  if (jwt)
    return refuse(
      scope,
      keyOf(declared.jwtValidation),
      "authentication and jwt validation can't both be configured",
      `Remove ${keyOf(declared.jwtValidation)} or ${keyOf(declared.authType)}.`,
    )
  return type === 'oidc' ? oidcAction(scope, oidc, session) : cognitoAction(scope, cognito, session)
}

type Session = Pick<
  AuthenticateOidcAction,
  'onUnauthenticatedRequest' | 'scope' | 'sessionCookieName' | 'sessionTimeoutSeconds'
>
type ValueOf<D> = D extends { readonly parser: Parser<infer T> } ? T | undefined : never

function cognitoAction(
  scope: Scope,
  config: ValueOf<typeof declared.authIdpCognito>,
  session: Session,
): Action | undefined {
  if (!config) return missing(scope, declared.authIdpCognito, 'missing IDPConfigCognito')
  return {
    type: 'authenticate-cognito',
    userPoolArn: config.userPoolARN ?? '',
    userPoolClientId: config.userPoolClientID ?? '',
    userPoolDomain: config.userPoolDomain ?? '',
    ...session,
    ...extraParams(config),
  }
}

function oidcAction(
  scope: Scope,
  config: ValueOf<typeof declared.authIdpOidc>,
  session: Session,
): Action | undefined {
  if (!config) return missing(scope, declared.authIdpOidc, 'missing IDPConfigOIDC')
  const client = clientIn(scope, config.secretName ?? '')
  if (!client) return undefined
  return {
    type: 'authenticate-oidc',
    issuer: config.issuer ?? '',
    authorizationEndpoint: config.authorizationEndpoint ?? '',
    tokenEndpoint: config.tokenEndpoint ?? '',
    userInfoEndpoint: config.userInfoEndpoint ?? '',
    ...client,
    ...session,
    ...extraParams(config),
  }
}

function tellPlain(scope: Scope, declaration: { readonly name: string }, ports: readonly number[]): void {
  const key = keyOf(declaration)
  warn(scope, 'NoEffect', {
    field: key,
    message: `${key} has no effect on HTTP: everyone is served on port ${ports.join(', ')}`,
    remedy: 'Listen on HTTPS, and redirect HTTP to it with alb.ingress.kubernetes.io/ssl-redirect.',
  })
}

const missing = (scope: Scope, declaration: { readonly name: string }, message: string): undefined =>
  refuse(scope, keyOf(declaration), message, `Add ${keyOf(declaration)}.`)

const extraParams = ({
  authenticationRequestExtraParams: params,
}: Pick<AuthenticateOidcAction, 'authenticationRequestExtraParams'>) =>
  params ? { authenticationRequestExtraParams: params } : {}

function jwtOf(scope: Scope): JwtValidationAction | undefined {
  const config = take(scope, own(annotationsOf(scope), declared.jwtValidation))
  if (!config) return undefined
  const { jwksEndpoint, issuer, additionalClaims } = config
  const bad = (message: string): undefined =>
    refuse(
      scope,
      keyOf(declared.jwtValidation),
      message,
      `Correct ${keyOf(declared.jwtValidation)}: it takes ${declared.jwtValidation.parser.allowed}.`,
    )
  if (!jwksEndpoint) return bad('jwksEndpoint is a required field for jwt validation')
  if (!issuer) return bad('issuer is a required field for jwt validation')
  const claims = (additionalClaims ?? []).map(({ format = '', name = '', values = [] }) => ({
    format,
    name,
    values,
  }))
  for (const { format, name, values } of claims) {
    const about = 'for additional claims for jwt validation'
    if (format === '') return bad(`format is a required field ${about}`)
    if (name === '') return bad(`name is a required field ${about}`)
    if (values.length === 0) return bad(`values must not be empty ${about}`)
  }
  return {
    type: 'jwt-validation',
    jwksEndpoint,
    issuer,
    ...(claims.length > 0 ? { additionalClaims: claims } : {}),
  }
}
