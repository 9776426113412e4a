/** Annotations about authentication in front of the routing action. */
import { annotation } from './define.ts'
import { array, object, record, string } from './json.ts'
import { int64, json, oneOf, text } from './parser.ts'

export const authType = annotation('auth-type', {
  parse: oneOf(['none', 'cognito', 'oidc'], (raw) => `unknown authType: ${raw}`),
  on: ['Ingress', 'Service'],
  merge: 'own',
  default: 'none',
  doc: 'Whether users must log in, on HTTPS listeners.',
  example: 'cognito',
  call: 'elbv2:CreateRule',
})
export const authIdpCognito = annotation('auth-idp-cognito', {
  parse: json(
    object({
      userPoolARN: string,
      userPoolClientID: string,
      userPoolDomain: string,
      authenticationRequestExtraParams: record(string),
    }),
    {},
    'a JSON object with userPoolARN, userPoolClientID and userPoolDomain',
  ),
  on: ['Ingress', 'Service'],
  merge: 'own',
  doc: 'The Cognito user pool; `authenticationRequestExtraParams` go with the login request.',
  example:
    '{"userPoolARN":"arn:aws:cognito-idp:eu-west-1:123456789012:userpool/p","userPoolClientID":"c","userPoolDomain":"d"}',
  call: 'elbv2:CreateRule',
})
export const authIdpOidc = annotation('auth-idp-oidc', {
  parse: json(
    object({
      issuer: string,
      authorizationEndpoint: string,
      tokenEndpoint: string,
      userInfoEndpoint: string,
      secretName: string,
      authenticationRequestExtraParams: record(string),
    }),
    {},
    'a JSON object with issuer, authorizationEndpoint, tokenEndpoint, userInfoEndpoint and secretName',
  ),
  on: ['Ingress', 'Service'],
  merge: 'own',
  doc: 'The OpenID Connect provider; `secretName` names a Secret in the namespace of the Ingress with `clientID` and `clientSecret`. `authenticationRequestExtraParams` go with the login request.',
  example:
    '{"issuer":"https://idp.example.com","authorizationEndpoint":"https://idp.example.com/a","tokenEndpoint":"https://idp.example.com/t","userInfoEndpoint":"https://idp.example.com/u","secretName":"oidc"}',
  call: 'elbv2:CreateRule',
})
export const authOnUnauthenticatedRequest = annotation('auth-on-unauthenticated-request', {
  parse: text('`authenticate`, `allow` or `deny`'),
  on: ['Ingress', 'Service'],
  merge: 'own',
  default: 'authenticate',
  doc: 'What happens to a request without a session.',
  example: 'deny',
  call: 'elbv2:CreateRule',
})
export const authScope = annotation('auth-scope', {
  parse: text('scopes, separated by spaces'),
  on: ['Ingress', 'Service'],
  merge: 'own',
  default: 'openid',
  doc: 'What is asked of the provider.',
  example: 'email openid',
  call: 'elbv2:CreateRule',
})
export const authSessionCookie = annotation('auth-session-cookie', {
  parse: text('the name of a cookie'),
  on: ['Ingress', 'Service'],
  merge: 'own',
  default: 'AWSELBAuthSessionCookie',
  doc: 'The cookie that keeps the session.',
  example: 'my-cookie',
  call: 'elbv2:CreateRule',
})
export const authSessionTimeout = annotation('auth-session-timeout', {
  parse: int64,
  on: ['Ingress', 'Service'],
  merge: 'own',
  default: 604_800,
  doc: 'How many seconds a session lasts.',
  example: '86400',
  call: 'elbv2:CreateRule',
})
export const jwtValidation = annotation('jwt-validation', {
  parse: json(
    object({
      jwksEndpoint: string,
      issuer: string,
      additionalClaims: array(object({ format: string, name: string, values: array(string) })),
    }),
    {},
    'a JSON object with jwksEndpoint and issuer',
  ),
  on: ['Ingress'],
  merge: 'own',
  doc: 'Requests must carry a valid token, on HTTPS listeners; each of `additionalClaims` has `format` (`single-string`, `string-array`, `space-separated-values`), `name` and `values`.',
  example: '{"jwksEndpoint":"https://idp.example.com/jwks","issuer":"https://idp.example.com"}',
  call: 'elbv2:CreateRule',
})
