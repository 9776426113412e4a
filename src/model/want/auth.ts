/** What stands before the routing action on HTTPS listeners: Cognito or a token; OpenID Connect is refused for now (`albc-model` 8.4, 8.5). */
import * as declared from '../../annotation/auth.ts'
import { keyOf } from '../../annotation/define.ts'
import { own, preferService } from '../../annotation/read.ts'
import type { Action, JwtValidationAction } from '../action.ts'
import type { Service } from '../cluster.ts'
import { annotationsOf, fault, refuse, type Scope, take } from './scope.ts'

/** One action, or none. Everything is parsed, even what is not used, as ALBC does. */
export function authOf(scope: Scope, service: Service | undefined): Action | undefined {
  const pick = [annotationsOf(scope), service?.metadata.annotations] as const
  const type = take(scope, preferService(...pick, declared.authType))
  const cognito = take(scope, preferService(...pick, declared.authIdpCognito))
  take(scope, preferService(...pick, declared.authIdpOidc))
  const onUnauthenticatedRequest = take(scope, preferService(...pick, declared.authOnUnauthenticatedRequest))
  const scopes = take(scope, preferService(...pick, declared.authScope))
  const sessionCookieName = take(scope, preferService(...pick, declared.authSessionCookie))
  const sessionTimeoutSeconds = take(scope, preferService(...pick, declared.authSessionTimeout))
  const jwt = jwtOf(scope)
  if (type === undefined || type === 'none') return jwt
  if (jwt)
    return refuse(
      scope,
      keyOf(declared.jwtValidation),
      "authentication and jwt validation can't both be configured",
      `Remove ${keyOf(declared.jwtValidation)} or ${keyOf(declared.authType)}.`,
    )
  if (type === 'oidc')
    return fault(scope, 'Unsupported', {
      field: keyOf(declared.authType),
      message: 'auth-type oidc is not supported yet',
      remedy: `Use cognito or ${keyOf(declared.jwtValidation)}, or leave this Ingress to another controller for now.`,
    })
  if (!cognito)
    return refuse(
      scope,
      keyOf(declared.authIdpCognito),
      'missing IDPConfigCognito',
      `Add ${keyOf(declared.authIdpCognito)}.`,
    )
  const extra = cognito.authenticationRequestExtraParams
  return {
    type: 'authenticate-cognito',
    userPoolArn: cognito.userPoolARN ?? '',
    userPoolClientId: cognito.userPoolClientID ?? '',
    userPoolDomain: cognito.userPoolDomain ?? '',
    onUnauthenticatedRequest: onUnauthenticatedRequest ?? '',
    scope: scopes ?? '',
    sessionCookieName: sessionCookieName ?? '',
    sessionTimeoutSeconds: sessionTimeoutSeconds ?? 0,
    ...(extra ? { authenticationRequestExtraParams: extra } : {}),
  }
}

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
