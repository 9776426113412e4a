/** The wire of WAF classic (API reference 2016-11-28), in the notation of the SDK's own schemas: its frozen client has none. */
type Members = Readonly<Record<string, unknown>>

const namespace = 'com.amazonaws.wafregional'
const text = 0
const number = 1
/** 3 a structure, 1 a list, 9 an operation; the last number counts the required members, which come first. */
const structure = (name: string, members: Members, required = 0): unknown[] => [
  3,
  namespace,
  name,
  0,
  Object.keys(members),
  Object.values(members),
  required,
]
const list = (name: string, of: unknown): unknown[] => [1, namespace, name, 0, of]
const operation = (name: string, required: Members, output: Members = {}, optional: Members = {}) => [
  9,
  namespace,
  name,
  0,
  () => structure(`${name}Request`, { ...required, ...optional }, Object.keys(required).length),
  () => structure(`${name}Response`, output),
]

const summary = structure('WebACLSummary', { WebACLId: text, Name: text })
const action = structure('WafAction', { Type: text }, 1)
const rule = structure('ActivatedRule', { Priority: number, RuleId: text, Action: () => action })
const webAcl = structure('WebACL', {
  WebACLId: text,
  Name: text,
  MetricName: text,
  DefaultAction: () => action,
  Rules: () => list('ActivatedRules', () => rule),
})
const token = { ChangeToken: text }

export const associate = operation('AssociateWebACL', { WebACLId: text, ResourceArn: text })
export const create = operation(
  'CreateWebACL',
  { Name: text, MetricName: text, DefaultAction: () => action, ...token },
  { WebACL: () => webAcl, ...token },
)
export const remove = operation('DeleteWebACL', { WebACLId: text, ...token }, token)
export const disassociate = operation('DisassociateWebACL', { ResourceArn: text })
export const changeToken = operation('GetChangeToken', {}, token)
export const forResource = operation(
  'GetWebACLForResource',
  { ResourceArn: text },
  { WebACLSummary: () => summary },
)
export const listAll = operation(
  'ListWebACLs',
  {},
  { WebACLs: () => list('WebACLSummaries', () => summary), NextMarker: text },
  { NextMarker: text, Limit: number },
)
