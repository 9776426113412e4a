/** Parsers take and refuse exactly what ALBC's Go code does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as json from '../../src/annotation/json.ts'
import * as parser from '../../src/annotation/parser.ts'
import { declarations } from '../../src/annotation/table.ts'
import { annotationsTable } from '../../scripts/docs/annotations.ts'

const key = 'alb.ingress.kubernetes.io/x'
const refused = Symbol('refused')
const parse = <T>(one: parser.Parser<T>, raw: string): T | typeof refused => {
  const value = one.parse(raw, key)
  return value.ok ? value.value : refused
}

test('a bool takes exactly the words of Go', () => {
  for (const word of ['1', 't', 'T', 'TRUE', 'true', 'True']) assert.equal(parse(parser.bool, word), true)
  for (const word of ['0', 'f', 'F', 'FALSE', 'false', 'False']) assert.equal(parse(parser.bool, word), false)
  for (const word of ['', 'yes', 'on', ' true', 'tRUE', 'toString'])
    assert.equal(parse(parser.bool, word), refused)
  assert.deepEqual(parser.bool.parse('yes', key), {
    ok: false,
    error: `failed to parse bool annotation, ${key}: yes: strconv.ParseBool: parsing "yes": invalid syntax`,
  })
})

test('whole numbers as Go reads them', () => {
  const table: readonly [string, number | typeof refused][] = [
    ['7', 7],
    ['+7', 7],
    ['-7', -7],
    ['007', 7],
    ['2147483647', 2_147_483_647],
    ['2147483648', refused],
    ['-2147483648', -2_147_483_648],
    ['-2147483649', refused],
    ['1_000', refused],
    ['0x10', refused],
    [' 7', refused],
    ['7.0', refused],
    ['', refused],
  ]
  for (const [raw, value] of table) assert.equal(parse(parser.int32, raw), value, raw)
  assert.equal(parse(parser.int64, '2147483648'), 2_147_483_648)
  assert.equal(parse(parser.int64, '9223372036854775808'), refused)
})

test('a list is split, trimmed and stripped of empties', () => {
  assert.deepEqual(parse(parser.list('things'), ' a, b,,c ,'), ['a', 'b', 'c'])
  assert.deepEqual(parse(parser.list('things'), ''), [])
})

test('the string map table of albc-model 3.1', () => {
  const table: readonly [string, parser.StringMap | typeof refused][] = [
    ['a=1, b = 2 ', { a: '1', b: '2' }],
    ['a=x\\,y,b=2', { a: 'x,y', b: '2' }],
    ['k=a=b==', { k: 'a=b==' }],
    ['k=', { k: '' }],
    ['a=1,', { a: '1,' }],
    ['a=1, ', { a: '1,' }],
    ['h=x\\,y=z', { h: 'x,y=z' }],
    ['a=1,a=2', { a: '2' }],
    ['', {}],
    ['a=1\\', { a: '1\\' }],
    ['a=1,,b=2', refused],
    ['a=1,b', refused],
    ['k=a,b\\,c', refused],
    ['=v', refused],
    ['  ', refused],
  ]
  for (const [raw, value] of table) assert.deepEqual(parse(parser.map(), raw), value, raw)
})

const shape = json.object({
  name: json.string,
  count: json.integer,
  on: json.boolean,
  list: json.array(json.string),
  port: json.intOrString,
  inner: json.object({ sourceIPConfig: json.string }),
})
const object = parser.json(shape, {}, 'an object')

test('JSON keys in any case, types strict, integers as integers', () => {
  const table: readonly [string, unknown][] = [
    ['{"NAME": "a", "Inner": {"sourceIpConfig": "x"}}', { name: 'a', inner: { sourceIPConfig: 'x' } }],
    ['{"unknown": {"deep": [1]}, "count": 3}\n', { count: 3 }],
    ['{"count": null, "list": null}', {}],
    ['null', {}],
    ['{"port": "80"}', { port: 80 }],
    ['{"port": "http"}', { port: 'http' }],
    ['{"port": 80}', { port: 80 }],
    ['{"count": "3"}', refused],
    ['{"count": 3.0}', refused],
    ['{"count": 3e0}', refused],
    ['{"name": 503}', refused],
    ['{"on": "true"}', refused],
    ['{"list": "a"}', refused],
    ['[]', refused],
    ['{} x', refused],
    ["{'name': 'a'}", refused],
  ]
  for (const [raw, value] of table) assert.deepEqual(parse(object, raw), value, raw)
  assert.deepEqual(object.parse('{"inner": {"sourceIPConfig": 1}}', key), {
    ok: false,
    error: `failed to parse json annotation, ${key}: {"inner": {"sourceIPConfig": 1}}: json: cannot unmarshal number into Go struct field inner.sourceIPConfig of type string`,
  })
})

test('every example of the documentation parses, and every name is told once', () => {
  for (const { name, parser: one, example } of declarations) {
    const value = one.parse(example, name)
    assert.ok(value.ok, `${name}: ${value.ok ? '' : value.error}`)
  }
  const names = declarations.map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  const table = annotationsTable()
  for (const name of names) assert.ok(table.includes(`| \`${name}\` |`), name)
})

test('the set is that of ALBC, no more and no less', () => {
  const known = `
    acm-pca-arn actions. auth-idp-cognito auth-idp-oidc
    auth-on-unauthenticated-request auth-scope auth-session-cookie auth-session-timeout
    auth-type backend-protocol backend-protocol-version certificate-arn
    conditions. create-acm-cert customer-owned-ipv4-pool dry-run-plan
    enable-frontend-nlb frontend-nlb-attributes frontend-nlb-eip-allocations frontend-nlb-healthcheck-healthy-threshold-count
    frontend-nlb-healthcheck-interval-seconds frontend-nlb-healthcheck-path frontend-nlb-healthcheck-port frontend-nlb-healthcheck-protocol
    frontend-nlb-healthcheck-success-codes frontend-nlb-healthcheck-timeout-seconds frontend-nlb-healthcheck-unhealthy-threshold-count frontend-nlb-listener-port-mapping
    frontend-nlb-scheme frontend-nlb-security-groups frontend-nlb-subnets frontend-nlb-tags
    group.name group.order healthcheck-interval-seconds healthcheck-path
    healthcheck-port healthcheck-protocol healthcheck-timeout-seconds healthy-threshold-count
    inbound-cidrs ip-address-type ipam-ipv4-pool-id jwt-validation
    listen-ports listener-attributes. load-balancer-attributes load-balancer-name
    manage-backend-security-group-rules minimum-load-balancer-capacity multi-cluster-target-group mutual-authentication
    scheme security-group-prefix-lists security-groups shield-advanced-protection
    ssl-policy ssl-redirect subnets success-codes
    tags target-control-port. target-group-attributes target-node-labels
    target-type transforms. unhealthy-threshold-count use-regex-path-match
    waf-acl-id wafv2-acl-arn wafv2-acl-name web-acl-id
  `
  const names = declarations.map(({ name }) => name)
  assert.deepEqual(names.toSorted(), known.trim().split(/\s+/).toSorted())
})
