// Facts of what load balancers answer: all by rules that need no target.
import type { Action, RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2'
import { type Bench, onPath } from '../bench.ts'
import { importCertificate } from '../check/certificate.ts'
import type { Ask } from '../provider.ts'
import { probe } from './probe.ts'

const host = 'probe.example.com'
const onHost = (...Values: string[]): RuleCondition => ({
  Field: 'host-header',
  HostHeaderConfig: { Values },
})
const page = (MessageBody: string): Action => ({
  Type: 'fixed-response',
  Order: 2,
  FixedResponseConfig: { StatusCode: '200', ContentType: 'text/plain', MessageBody },
})

/** A rule on the shared listener, and the way to ask through it; the first request waits until anybody answers there. */
async function ruleAnd(
  bench: Bench,
  Conditions: RuleCondition[],
  Actions: Action[],
): Promise<(request?: Partial<Ask>) => Promise<{ status: number; body: string; location: string }>> {
  const { ask } = bench
  if (ask === undefined) throw new Error('nothing answers requests there')
  const { listener, dnsName: name } = await bench.shared()
  await bench.rule(listener, { Conditions, Actions })
  const send = async (request: Partial<Ask> = {}) => {
    const { status, headers, body } = await ask({ name, port: 8080, host, ...request })
    return { status, body, location: String(headers['location']) }
  }
  await bench.eventually(() => send())
  return send
}
const matched = [page('matched')]

/** Which of the requests match, by name. */
async function matching(
  bench: Bench,
  condition: RuleCondition,
  requests: Readonly<Record<string, Partial<Ask>>>,
): Promise<() => Promise<string>> {
  const send = await ruleAnd(bench, [condition], matched)
  return async () => {
    const found: string[] = []
    for (const [name, request] of Object.entries(requests))
      if ((await send(request)).body === 'matched') found.push(name)
    return found.join(', ') || 'none'
  }
}

export const requestProbes = [
  probe('host-port', 'The port in the Host header is no part of the match.', 'with port', (bench) =>
    matching(bench, onHost(host), { 'with port': { host: `${host}:8080` } }),
  ),
  probe(
    'redirect-port',
    'A redirect that states port 443 has it in its Location.',
    `https://${host}:443/x?y=1`,
    async (bench) => {
      const send = await ruleAnd(
        bench,
        [onHost(host)],
        [{ Type: 'redirect', RedirectConfig: { StatusCode: 'HTTP_301', Protocol: 'HTTPS', Port: '443' } }],
      )
      return async () => (await send({ path: '/x?y=1' })).location
    },
  ),
  probe('weights-zero', 'Weights that are all 0 choose nobody: 503.', '503', async (bench) => {
    const [a, b] = [await bench.targetGroup(), await bench.targetGroup()]
    const TargetGroups = [a, b].map(({ TargetGroupArn }) => ({ TargetGroupArn, Weight: 0 }))
    const send = await ruleAnd(bench, [onHost(host)], [{ Type: 'forward', ForwardConfig: { TargetGroups } }])
    return async () => String((await send()).status)
  }),
  probe(
    'path-normalised',
    'Rules see a path without dot segments, and unreserved characters decoded.',
    'dot, dots, encoded letter',
    (bench) =>
      matching(
        bench,
        { Field: 'path-pattern', PathPatternConfig: { Values: ['/a/b'] } },
        {
          dot: { path: '/a/./b' },
          dots: { path: '/a/x/../b' },
          'two slashes': { path: '/a//b' },
          'encoded letter': { path: '/%61/b' },
          'encoded slash': { path: '/a%2Fb' },
          'other case': { path: '/A/b' },
        },
      ),
  ),
  probe('query-raw', 'Query strings are compared as they were sent, without decoding.', 'encoded', (bench) =>
    matching(
      bench,
      { Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'v', Value: 'a%20b' }] } },
      {
        encoded: { path: '/?v=a%20b' },
        plus: { path: '/?v=a+b' },
      },
    ),
  ),
  probe(
    'regex-path',
    'A regular expression for a path heeds case, and need not match it all.',
    'inside',
    (bench) =>
      matching(
        bench,
        { Field: 'path-pattern', PathPatternConfig: { RegexValues: ['/case'] } },
        {
          inside: { path: '/x/case/y' },
          'other case': { path: '/CASE' },
        },
      ),
  ),
  probe('regex-host', 'A regular expression for a host does not heed case.', 'other case', (bench) =>
    matching(
      bench,
      { Field: 'host-header', HostHeaderConfig: { RegexValues: ['^probe\\.example'] } },
      {
        'other case': { host: 'PROBE.example.com' },
      },
    ),
  ),
  probe('regex-header', 'A regular expression for a header does not heed case.', 'other case', (bench) =>
    matching(
      bench,
      { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-Probe', RegexValues: ['^yes$'] } },
      {
        'other case': { headers: { 'x-probe': 'YES' } },
      },
    ),
  ),
  probe('token-missing', 'A request without a token is refused: 401.', '401', async (bench) => {
    const { ask } = bench
    if (ask === undefined) throw new Error('nothing answers requests there')
    const { loadBalancer, dnsName: name } = await bench.shared()
    const Certificates = [{ CertificateArn: await importCertificate(bench) }]
    const { ListenerArn } = await bench.listener(loadBalancer, {
      Protocol: 'HTTPS',
      Port: 8443,
      Certificates,
    })
    await bench.rule(ListenerArn, {
      Conditions: onPath('/token'),
      Actions: [
        {
          Type: 'jwt-validation',
          Order: 1,
          JwtValidationConfig: { JwksEndpoint: `https://${host}/keys`, Issuer: `https://${host}` },
        },
        page('let in'),
      ],
    })
    return async () => String((await ask({ name, port: 8443, secure: true, host, path: '/token' })).status)
  }),
]
