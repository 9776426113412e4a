/** Annotations about rules: actions, conditions and transforms of a backend. */
import { annotation, family } from './define.ts'
import { array, boolean, integer, intOrString, object, string } from './json.ts'
import { bool, json } from './parser.ts'

const tuple = object({
  targetGroupARN: string,
  targetGroupName: string,
  serviceName: string,
  servicePort: intOrString,
  weight: integer,
})
const action = object({
  type: string,
  targetGroupARN: string,
  targetGroupName: string,
  fixedResponseConfig: object({ contentType: string, messageBody: string, statusCode: string }),
  redirectConfig: object({
    host: string,
    path: string,
    port: string,
    protocol: string,
    query: string,
    statusCode: string,
  }),
  forwardConfig: object({
    targetGroups: array(tuple),
    targetGroupStickinessConfig: object({ enabled: boolean, durationSeconds: integer }),
  }),
})
export type ActionConfig = ReturnType<typeof action>

export const actions = family('actions.', {
  parse: json(action, {}, 'a JSON object with `type` forward, redirect or fixed-response'),
  on: ['Ingress'],
  merge: 'own',
  doc: 'An action, used by a backend whose service name is the name and whose port name is `use-annotation`.',
  example: '{"type":"fixed-response","fixedResponseConfig":{"contentType":"text/plain","statusCode":"503"}}',
  call: 'elbv2:CreateRule',
})

const patterns = object({ values: array(string), regexValues: array(string) })
const condition = object({
  field: string,
  hostHeaderConfig: patterns,
  pathPatternConfig: patterns,
  httpHeaderConfig: object({
    httpHeaderName: string,
    values: array(string),
    regexValues: array(string),
  }),
  httpRequestMethodConfig: object({ values: array(string) }),
  queryStringConfig: object({ values: array(object({ key: string, value: string })) }),
  sourceIPConfig: object({ values: array(string) }),
})
export type ConditionConfig = ReturnType<typeof condition>

export const conditions = family('conditions.', {
  parse: json(array(condition), [], 'a JSON list of conditions'),
  on: ['Ingress'],
  merge: 'own',
  doc: 'Further conditions of every path whose backend has this service name.',
  example: '[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"X-Version","values":["v1"]}}]',
  call: 'elbv2:CreateRule',
})

const rewrites = object({ rewrites: array(object({ regex: string, replace: string })) })
const transform = object({ type: string, hostHeaderRewriteConfig: rewrites, urlRewriteConfig: rewrites })
export type TransformConfig = ReturnType<typeof transform>

export const transforms = family('transforms.', {
  parse: json(array(transform), [], 'a JSON list of transforms'),
  on: ['Ingress'],
  merge: 'own',
  doc: 'Rewrites of host or URL, for every path whose backend has this service name.',
  example:
    '[{"type":"url-rewrite","urlRewriteConfig":{"rewrites":[{"regex":"^/api/(.+)$","replace":"/$1"}]}}]',
  call: 'elbv2:CreateRule',
})
export const useRegexPathMatch = annotation('use-regex-path-match', {
  parse: bool,
  on: ['Ingress'],
  merge: 'own',
  default: false,
  doc: 'Paths of type ImplementationSpecific are regular expressions, after their leading slash.',
  example: 'true',
  call: 'elbv2:CreateRule',
})
