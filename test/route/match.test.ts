import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cidrContains } from '../../src/route/cidr.ts'
import type { Condition } from '../../src/route/condition.ts'
import { matches } from '../../src/route/match.ts'
import { hostName, normalizePath, requestFor, splitTarget } from '../../src/route/request.ts'

type Given = { method?: string; headers?: readonly (readonly [string, string])[]; sourceIp?: string }

function request(url: string, given: Given = {}) {
  const made = requestFor(url, given)
  assert.ok(made.ok)
  return made.value
}
const path = (...values: string[]): Condition => ({ field: 'path-pattern', values })
const host = (...values: string[]): Condition => ({ field: 'host-header', values })
const header = (name: string, ...values: string[]): Condition => ({
  field: 'http-header',
  httpHeaderName: name,
  values,
})
const query = (value: string, key?: string): Condition => ({
  field: 'query-string',
  values: [key === undefined ? { value } : { key, value }],
})

const table: readonly (readonly [Condition, string, boolean, Given?])[] = [
  [path('/a'), 'http://h/a', true],
  [path('/a'), 'http://h/a/b', false],
  [path('/a'), 'http://h/A', false],
  [path('/a'), 'http://h/a?b=c', true],
  [path('/a*'), 'http://h/ab', true],
  [path('/a/*'), 'http://h/a/b/c', true],
  [path('/a/*'), 'http://h/a', false],
  [path('/*.php'), 'http://h/x/y.php', true],
  [path('/?'), 'http://h/', false],
  [path('/?'), 'http://h/x', true],
  [path('/x', '/y'), 'http://h/y', true],
  [path('/a/*/c'), 'http://h/a/b/b/c', true],
  [path('/a+b.c'), 'http://h/a+bxc', false],
  [path('/a/b'), 'http://h/x/../a/./b', true],
  [path('/a~'), 'http://h/a%7e', true],
  [{ field: 'path-pattern', regexValues: ['^/v[12]/'] }, 'http://h/v2/x', true],
  [{ field: 'path-pattern', regexValues: ['^/V[12]/'] }, 'http://h/v2/x', false],
  [{ field: 'path-pattern', regexValues: ['users'] }, 'http://h/v2/users/7', true],
  [{ field: 'path-pattern', regexValues: ['(?=x)'] }, 'http://h/x', false],
  [host('example.com'), 'http://EXAMPLE.com/', true],
  [host('Example.com'), 'http://example.com:8080/', true],
  [host('*.example.com'), 'http://example.com/', false],
  [host('*.example.com'), 'http://a.b.example.com/', true],
  [host('h?st'), 'http://host/', true],
  [{ field: 'host-header', regexValues: ['^API\\.'] }, 'http://api.x/', true],
  [header('X-Env', 'prod*'), 'http://h/', true, { headers: [['x-env', 'PRODUCTION']] }],
  [
    header('X-Env', 'b'),
    'http://h/',
    true,
    {
      headers: [
        ['x-env', 'a'],
        ['X-ENV', 'b'],
      ],
    },
  ],
  [header('X-Env', '*'), 'http://h/', false],
  [{ field: 'http-request-method', values: ['GET'] }, 'http://h/', true, { method: 'GET' }],
  [{ field: 'http-request-method', values: ['GET'] }, 'http://h/', false, { method: 'get' }],
  [query('v1', 'version'), 'http://h/?Version=V1', true],
  [query('v1', 'version'), 'http://h/?other=v1', false],
  [query('*example*'), 'http://h/?a=my-example-x', true],
  [query('a\\*b', 'k'), 'http://h/?k=a*b', true],
  [query('a\\*b', 'k'), 'http://h/?k=axb', false],
  [query('a\\?', 'k'), 'http://h/?k=ab', false],
  [query('', 'flag'), 'http://h/?flag', true],
  [query('x'), 'http://h/', false],
  [{ field: 'source-ip', values: ['192.0.2.0/24'] }, 'http://h/', true, { sourceIp: '192.0.2.77' }],
  [{ field: 'source-ip', values: ['192.0.2.0/25'] }, 'http://h/', false, { sourceIp: '192.0.2.200' }],
  [{ field: 'source-ip', values: ['2001:db8::/32'] }, 'http://h/', true, { sourceIp: '2001:db8:1::9' }],
  [{ field: 'source-ip', values: ['0.0.0.0/0'] }, 'http://h/', true, { sourceIp: '::ffff:10.0.0.1' }],
]

describe('a condition', () => {
  for (const [condition, url, expected, given] of table)
    it(`${JSON.stringify(condition)} ${expected ? 'matches' : 'refuses'} ${url} ${JSON.stringify(given ?? '')}`, () =>
      assert.equal(matches(condition, request(url, given)), expected))

  it('with many stars takes no exponential time', () => {
    const begun = performance.now()
    assert.equal(matches(path('/*a*a*a*a*a*a*a*a*a*a*b'), request(`http://h/${'a'.repeat(4000)}`)), false)
    assert.ok(performance.now() - begun < 1000)
  })
})

describe('networks', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.0/8', '10.1.0.0/16', true],
    ['10.1.0.0/16', '10.0.0.0/8', false],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '2001:db8::1', true],
    ['fe80::/10', 'febf::1', true],
    ['fe80::/10', 'fec0::1', false],
    ['::ffff:0:0/96', '::ffff:1.2.3.4/128', true],
    ['10.0.0.0/33', '10.0.0.1', false],
    ['10.0.0/8', '10.0.0.1', false],
    ['010.0.0.0/8', '10.0.0.1', false],
    ['1::2::3/8', '1::', false],
    ['1:2:3:4:5:6:7:8/128', '1:2:3:4:5:6:7:8', true],
    ['1:2:3:4:5:6:7::/112', '1:2:3:4:5:6:7:8', true],
    ['nonsense', '10.0.0.1', false],
  ]
  for (const [wide, narrow, expected] of cases)
    it(`${wide} ${expected ? 'holds' : 'does not hold'} ${narrow}`, () =>
      assert.equal(cidrContains(wide, narrow), expected))
})

describe('a request', () => {
  it('is read from a URL', () =>
    assert.deepEqual(request('https://A.example:8443/x/../y?q=1#f', { method: 'PUT' }), {
      protocol: 'HTTPS',
      port: 8443,
      method: 'PUT',
      host: 'A.example:8443',
      path: '/y',
      query: 'q=1',
      headers: [],
      sourceIp: '203.0.113.1',
    }))
  it('is refused when the URL is none', () => assert.equal(requestFor('/x').ok, false))
  it('splits absolute and relative targets', () => {
    assert.deepEqual(splitTarget('http://h:1?x'), { authority: 'h:1', path: '/', query: 'x' })
    assert.deepEqual(splitTarget('/p?a?b'), { path: '/p', query: 'a?b' })
  })
  it('keeps what normalising must not change', () => {
    assert.equal(normalizePath('/a%2fb//c/'), '/a%2Fb//c/')
    assert.equal(normalizePath('/../..'), '/')
    assert.equal(normalizePath('/a/..'), '/')
  })
  it('knows hosts with ports and IPv6 literals', () => {
    assert.equal(hostName('[::1]:80'), '[::1]')
    assert.equal(hostName('A.b'), 'a.b')
  })
})
