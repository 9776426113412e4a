import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Condition, Transform } from '../../src/route/condition.ts'
import { redirectLocation } from '../../src/route/redirect.ts'
import { requestFor } from '../../src/route/request.ts'
import { rewrite } from '../../src/route/rewrite.ts'
import { route, shadowedBy } from '../../src/route/route.ts'

type Rule = { readonly name: string; readonly conditions: readonly Condition[] }
const rule = (name: string, ...conditions: Condition[]): Rule => ({ name, conditions })
const path = (...values: string[]): Condition => ({ field: 'path-pattern', values })
const host = (...values: string[]): Condition => ({ field: 'host-header', values })
function request(url: string) {
  const made = requestFor(url)
  assert.ok(made.ok)
  return made.value
}

describe('route', () => {
  const rules = [
    rule('new', path('/new', '/new/*')),
    rule('shop', host('shop.x'), path('/*')),
    rule('any', path('/*')),
  ]
  it('gives the first rule whose conditions all hold, and why', () => {
    const { rule: found, why } = route(request('http://shop.x/cart'), rules)
    assert.equal(found?.name, 'shop')
    assert.deepEqual(why, [
      { rule: rules[0], matched: false, failed: rules[0]?.conditions[0] },
      { rule: rules[1], matched: true, by: ['shop.x', '/*'] },
    ])
  })
  it('goes on to the default when none holds', () => {
    const routed = route(request('http://x/old'), rules.slice(0, 2))
    assert.equal(routed.rule, undefined)
    assert.equal(routed.why.length, 2)
  })
  it('prefers the earlier of two that match', () =>
    assert.equal(route(request('http://shop.x/new/1'), rules).rule?.name, 'new'))
})

describe('shadowedBy', () => {
  const pairs: readonly (readonly [string, Rule, Rule, boolean])[] = [
    ['a wider path', rule('w', path('/*')), rule('n', path('/a', '/b/*')), true],
    ['a narrower path', rule('w', path('/a')), rule('n', path('/a*')), false],
    ['only one of two values', rule('w', path('/a')), rule('n', path('/a', '/b')), false],
    ['a host that the later lacks', rule('w', host('x.y'), path('/*')), rule('n', path('/a')), false],
    ['fewer conditions', rule('w', path('/a/*')), rule('n', host('x.y'), path('/a/b')), true],
    ['one character for one', rule('w', path('/?')), rule('n', path('/a')), true],
    ['one character for any', rule('w', path('/?')), rule('n', path('/*')), false],
    ['hosts whatever their case', rule('w', host('*.X.com')), rule('n', host('a.x.COM')), true],
    ['paths with their case', rule('w', path('/A')), rule('n', path('/a')), false],
    [
      'everything over a regex',
      rule('w', path('/*')),
      rule('n', { field: 'path-pattern', regexValues: ['^/v'] }),
      true,
    ],
    [
      'another regex',
      rule('w', { field: 'path-pattern', regexValues: ['^/'] }),
      rule('n', { field: 'path-pattern', regexValues: ['^/v'] }),
      false,
    ],
    [
      'a wider network',
      rule('w', { field: 'source-ip', values: ['10.0.0.0/8'] }),
      rule('n', { field: 'source-ip', values: ['10.1.0.0/16'] }),
      true,
    ],
    [
      'fewer methods',
      rule('w', { field: 'http-request-method', values: ['GET'] }),
      rule('n', { field: 'http-request-method', values: ['GET', 'PUT'] }),
      false,
    ],
    [
      'any key',
      rule('w', { field: 'query-string', values: [{ value: '*' }] }),
      rule('n', { field: 'query-string', values: [{ key: 'a', value: '1' }] }),
      true,
    ],
    [
      'one key for any',
      rule('w', { field: 'query-string', values: [{ key: 'a', value: '*' }] }),
      rule('n', { field: 'query-string', values: [{ value: '1' }] }),
      false,
    ],
    [
      'an escaped star',
      rule('w', { field: 'query-string', values: [{ value: '\\*' }] }),
      rule('n', { field: 'query-string', values: [{ value: '*' }] }),
      false,
    ],
    [
      'another header',
      rule('w', { field: 'http-header', httpHeaderName: 'a', values: ['*'] }),
      rule('n', { field: 'http-header', httpHeaderName: 'b', values: ['x'] }),
      false,
    ],
  ]
  for (const [what, wide, narrow, expected] of pairs)
    it(`${expected ? 'sees' : 'does not claim'} ${what}`, () =>
      assert.deepEqual(shadowedBy([wide, narrow]), expected ? [{ rule: narrow, by: wide }] : []))
})

describe('redirectLocation', () => {
  const from = request('http://Shop.example:8080/a/b?x=1')
  const cases: readonly (readonly [Parameters<typeof redirectLocation>[0], string])[] = [
    [{ protocol: 'HTTPS', port: '443' }, 'https://shop.example:443/a/b?x=1'],
    [{ host: 'www.#{host}' }, 'http://www.shop.example:8080/a/b?x=1'],
    [{ path: '/new/#{path}', query: '' }, 'http://shop.example:8080/new/a/b'],
    [
      { path: '/#{host}', query: 'from=#{protocol}-#{port}&#{query}' },
      'http://shop.example:8080/shop.example?from=http-8080&x=1',
    ],
  ]
  for (const [template, expected] of cases)
    it(`makes ${expected}`, () => assert.equal(redirectLocation(template, from), expected))
})

describe('rewrite', () => {
  const url = (regex: string, replace: string): readonly Transform[] => [
    { type: 'url-rewrite', rewrites: [{ regex, replace }] },
  ]
  const original = { host: 'mywebsite-a.com', url: '/api/v1/x?y=1' }
  const cases: readonly (readonly [readonly Transform[], string])[] = [
    [url('^/api/(.*)$', '/$1'), '/v1/x?y=1'],
    [url('^/other', '/never'), '/api/v1/x?y=1'],
    [url('^/(\\w+)/(\\w+)', '/$2/$1'), '/v1/api/x?y=1'],
    [url('^/(z)?api', '/[$1$$]'), '/[$]/v1/x?y=1'],
  ]
  for (const [transforms, expected] of cases)
    it(`makes ${expected}`, () => {
      const result = rewrite(transforms, original)
      assert.ok(result.ok)
      assert.deepEqual(result.value, { ...original, url: expected })
    })
  it('rewrites the host', () => {
    const result = rewrite(
      [
        {
          type: 'host-header-rewrite',
          rewrites: [{ regex: '^mywebsite-(.+).com$', replace: 'internal.$1.net' }],
        },
      ],
      original,
    )
    assert.deepEqual(result, { ok: true, value: { host: 'internal.a.net', url: original.url } })
  })
  it('fails on what is no request target', () => {
    assert.equal(rewrite(url('^/api', 'api'), original).ok, false)
    assert.equal(rewrite(url('^/api', '/a b'), original).ok, false)
  })
})
