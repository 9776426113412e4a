/** The scenarios `conditions`, `actions` and `rewrites`: everything that a rule can look at, do, and change on the way. */
import { expect } from './check.ts'
import { backendOf } from './look.ts'
import { ingress, ingressClass } from './manifest.ts'
import type { World } from './scenario.ts'
import {
  type Expectation,
  answerHeader,
  type Played,
  served,
  toldHeader,
  toldUrl,
  workload,
} from './served.ts'

const common = { scheme: 'internet-facing', 'target-type': 'ip' }
const json = (value: unknown): string => JSON.stringify(value)
/** The address that all clients of this machine have. */
const here = '203.0.113.0/24'

/** Conditions by the Service that they lead to. */
const looking = {
  'use-regex-path-match': 'true',
  'conditions.header': json([
    { field: 'http-header', httpHeaderConfig: { httpHeaderName: 'X-Version', values: ['2*'] } },
  ]),
  'conditions.method': json([
    { field: 'http-request-method', httpRequestMethodConfig: { values: ['PUT', 'PATCH'] } },
  ]),
  'conditions.query': json([
    { field: 'query-string', queryStringConfig: { values: [{ key: 'v', value: 'beta' }] } },
    { field: 'query-string', queryStringConfig: { values: [{ value: 'me*' }] } },
  ]),
  'conditions.source': json([{ field: 'source-ip', sourceIpConfig: { values: [here] } }]),
  'conditions.far': json([{ field: 'source-ip', sourceIpConfig: { values: ['10.0.0.0/8'] } }]),
  'conditions.host': json([
    {
      field: 'host-header',
      hostHeaderConfig: { regexValues: ['^(eu|us)[0-9]+\\.example\\.com$'] },
    },
  ]),
  // More than ALB takes in one rule.
  'conditions.many': json([
    {
      field: 'host-header',
      hostHeaderConfig: { values: [1, 2, 3, 4, 5, 6, 7].map((at) => `h${at}.example.org`) },
    },
  ]),
  'conditions.words': json([
    {
      field: 'http-header',
      httpHeaderConfig: { httpHeaderName: 'X-Team', regexValues: ['^(red|blue)$'] },
    },
  ]),
}

const looked: readonly Expectation[] = [
  { path: '/api', headers: { 'x-version': '2.7' }, by: 'header' },
  { path: '/api', headers: { 'x-version': '1.2' }, by: 'any' },
  { path: '/api', method: 'PUT', by: 'method' },
  { path: '/api', method: 'POST', by: 'any' },
  { path: '/api?a=1&v=beta&who=ME2', by: 'query' },
  { path: '/api?v=beta', by: 'any' },
  { path: '/near', by: 'source' },
  { path: '/far', by: 'any' },
  { path: '/api', host: 'eu12.example.com', by: 'host' },
  { path: '/api', host: 'eu.example.com', by: 'any' },
  { path: '/v10/items/abc', by: 'regex' },
  { path: '/v10/items/xyz', by: 'any' },
  { path: '/far', host: 'a.b.wild.example.com', by: 'wild' },
  { path: '/far', host: 'wild.example.com', by: 'any' },
  { path: '/api', headers: { 'x-team': 'blue' }, by: 'words' },
  { path: '/api', headers: { 'x-team': 'blueish' }, by: 'any' },
  { path: '/many/1', host: 'h1.example.org', by: 'many' },
  { path: '/many', host: 'H7.example.org', by: 'many' },
  { path: '/many', host: 'h8.example.org', by: 'any' },
]

export const conditions = served({
  name: 'conditions',
  title:
    'Hosts, paths, headers, methods, query strings and source addresses, by patterns and regular expressions',
  prepare: () => {
    const one = (service: string) => ({ service, port: 8080 })
    const names = [
      'header',
      'method',
      'query',
      'source',
      'far',
      'host',
      'regex',
      'wild',
      'many',
      'words',
      'any',
    ] as const
    return {
      objects: [
        ingressClass('aws-alb'),
        ...names.flatMap((name) => workload(name, { namespace: 'conditions' })),
        ingress('conditions', {
          namespace: 'conditions',
          class: 'aws-alb',
          annotations: {
            ...common,
            ...looking,
          },
          paths: [
            { ...one('wild'), path: '/', host: '*.wild.example.com' },
            { ...one('far'), path: '/far' },
            { ...one('source'), path: '/near' },
            { ...one('regex'), path: '/^/v[0-9]+/items/[a-f]+$', pathType: 'ImplementationSpecific' },
            { ...one('header'), path: '/api' },
            { ...one('method'), path: '/api' },
            { ...one('query'), path: '/api' },
            { ...one('host'), path: '/api' },
            { ...one('words'), path: '/api' },
            { ...one('many'), path: '/many' },
            { ...one('any'), path: '/.*', pathType: 'ImplementationSpecific' },
          ],
        }),
      ],
      expectations: looked,
    }
  },
})

const use = (service: string) => ({ path: `/${service}`, service, port: 'use-annotation' })
const groups = (...weights: readonly (readonly [string, number])[]) =>
  weights.map(([serviceName, weight]) => ({ serviceName, servicePort: 8080, weight }))

/** Who answered so many requests, one after the other. */
async function tally(
  world: World,
  hostname: string,
  path: string,
  cookie = '',
): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (let sent = 0; sent < 40; sent += 1) {
    const answer = await world.request(hostname, path, cookie === '' ? {} : { headers: { cookie } })
    const by = answer.status === 200 ? backendOf(answer) : String(answer.status)
    counts.set(by, (counts.get(by) ?? 0) + 1)
  }
  return counts
}

const shown = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([by, count]) => `${by} ${count}`).join(', ')

async function weights({ world, checks, hostname }: Played): Promise<void> {
  await checks.until(
    'three requests of four go to blue, the others to green, none to weight 0',
    async () => {
      const counts = await tally(world, hostname, '/split')
      const blue = counts.get('blue') ?? 0
      const green = counts.get('green') ?? 0
      expect(blue + green === 40 && blue > green && green > 0, shown(counts))
      return shown(counts)
    },
    { withinMs: 15_000 },
  )
  await checks.until('who comes back with the cookie stays with the group that it got', async () => {
    const first = await world.request(hostname, '/sticky')
    const cookie = (first.headers['set-cookie'] ?? []).map((set) => set.split(';')[0]).join('; ')
    expect(cookie.includes('AWSALBTG='), `no cookie: ${cookie}`)
    const counts = await tally(world, hostname, '/sticky', cookie)
    expect(counts.get(backendOf(first)) === 40, shown(counts))
    return shown(counts)
  })
}

export const actions = served({
  name: 'actions',
  title: 'Fixed responses, redirects, weights and stickiness',
  prepare: () => ({
    objects: [
      ingressClass('aws-alb'),
      ...['blue', 'green', 'old'].flatMap((name) => workload(name, { namespace: 'actions' })),
      ingress('actions', {
        namespace: 'actions',
        class: 'aws-alb',
        annotations: {
          ...common,
          'actions.teapot': json({
            type: 'fixed-response',
            fixedResponseConfig: {
              contentType: 'text/plain',
              statusCode: '418',
              messageBody: 'short and stout',
            },
          }),
          'actions.moved': json({
            type: 'redirect',
            redirectConfig: {
              host: 'www.example.net',
              path: '/new/#{path}',
              query: 'from=#{host}&#{query}',
              statusCode: 'HTTP_302',
            },
          }),
          'actions.split': json({
            type: 'forward',
            forwardConfig: { targetGroups: groups(['blue', 3], ['green', 1], ['old', 0]) },
          }),
          'actions.sticky': json({
            type: 'forward',
            forwardConfig: {
              targetGroups: groups(['blue', 1], ['green', 1]),
              targetGroupStickinessConfig: { enabled: true, durationSeconds: 60 },
            },
          }),
        },
        paths: [use('teapot'), use('moved'), use('split'), use('sticky'), use('forgotten')],
      }),
    ],
    expectations: [
      { path: '/teapot', by: 418, see: ({ body }) => body, seen: 'short and stout' },
      {
        path: '/moved/it?a=1',
        host: 'shop.example.com',
        by: 302,
        see: answerHeader('location'),
        seen: 'http://www.example.net:80/new/moved/it?from=shop.example.com&a=1',
      },
      { path: '/forgotten', by: 503, see: ({ body }) => body, seen: 'Backend action does not exist' },
      { path: '/other', by: 404 },
    ],
    more: weights,
  }),
})

export const rewrites = served({
  name: 'rewrites',
  title: 'Paths and hosts rewritten on their way to the targets',
  prepare: () => ({
    objects: [
      ingressClass('aws-alb'),
      ...['url', 'host', 'both'].flatMap((name) => workload(name, { namespace: 'rewrites' })),
      ingress('rewrites', {
        namespace: 'rewrites',
        class: 'aws-alb',
        annotations: {
          ...common,
          'transforms.url': json([
            {
              type: 'url-rewrite',
              urlRewriteConfig: { rewrites: [{ regex: '^/api/v1/(.+)$', replace: '/$1' }] },
            },
          ]),
          'transforms.host': json([
            {
              type: 'host-header-rewrite',
              hostHeaderRewriteConfig: {
                rewrites: [{ regex: '^(.+)\\.example\\.com$', replace: '$1.internal' }],
              },
            },
          ]),
          'transforms.both': json([
            {
              type: 'url-rewrite',
              urlRewriteConfig: { rewrites: [{ regex: '/both', replace: '/all' }] },
            },
            {
              type: 'host-header-rewrite',
              hostHeaderRewriteConfig: { rewrites: [{ regex: '.*', replace: 'one.internal' }] },
            },
          ]),
        },
        paths: [
          { path: '/api', service: 'url', port: 8080 },
          { path: '/both', service: 'both', port: 8080 },
          { path: '/', service: 'host', port: 8080 },
        ],
      }),
    ],
    expectations: [
      { path: '/api/v1/items?x=1', by: 'url', see: toldUrl, seen: '/items?x=1' },
      { path: '/api/v2/items', by: 'url', see: toldUrl, seen: '/api/v2/items' },
      { path: '/x', host: 'shop.example.com', by: 'host', see: toldHeader('host'), seen: 'shop.internal' },
      { path: '/x', host: 'shop.example.org', by: 'host', see: toldHeader('host'), seen: 'shop.example.org' },
      { path: '/both/1', host: 'a.b', by: 'both', see: toldUrl, seen: '/all/1' },
      { path: '/both/1', host: 'a.b', by: 'both', see: toldHeader('host'), seen: 'one.internal' },
    ],
  }),
})
