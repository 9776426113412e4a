// Certificates that the controller asks ACM for: waited for without a worker, attached when issued, told when they can't be, deleted with a look.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { certificateNow } from '../../localstack/aws/acm/request.ts'
import { deployment, ingress, ingressClass, namespace, service } from '../../localstack/scenario/manifest.ts'
import { type Timing, timings } from '../../localstack/timing.ts'
import type { Running } from '../../src/start.ts'
import { eventually, startTestWorld, type TestWorld } from '../world.ts'

const limitMs = 20_000
const gate = '--feature-gates=EnableCertificateManagement=true'

async function within(
  run: (world: TestWorld, controller: Running) => Promise<void>,
  timing: Partial<Timing> = {},
): Promise<void> {
  const world = await startTestWorld({ ...timings.instant, ...timing })
  try {
    await world.kube.apply(
      namespace('shop'),
      ingressClass('alb'),
      deployment('web', { namespace: 'shop', port: 8080, replicas: 1 }),
      service('web', { namespace: 'shop', port: 80, targetPort: 8080 }),
    )
    await run(world, world.controller([gate]))
  } finally {
    await world.end()
  }
}

/** Nothing is issued until the test says so: on a busy machine no span of time is long enough. */
const never = { certificateIssueMs: 3_600_000 }
function issue({ account }: TestWorld): void {
  for (const [arn, detail] of account.certificates)
    if (detail.IssuedAt !== undefined) account.certificates.set(arn, { ...detail, IssuedAt: new Date() })
  account.changed()
}

const asking = (name: string, host: string, annotations: Readonly<Record<string, string>> = {}) =>
  ingress(name, {
    namespace: 'shop',
    class: 'alb',
    annotations: {
      'group.name': 'team',
      'target-type': 'ip',
      scheme: 'internet-facing',
      'create-acm-cert': 'true',
      ...annotations,
    },
    paths: [{ host, path: '/', service: 'web', port: 80 }],
  })
const plain = (name: string, host: string) =>
  asking(name, host, { 'create-acm-cert': 'false', 'listen-ports': '[{"HTTP": 80}]' })

const served = ({ account }: TestWorld): readonly string[] =>
  [...account.listeners.values()]
    .flatMap(({ wire }) => wire.Certificates ?? [])
    .map(({ CertificateArn = '' }) => CertificateArn)
const hostsOf = ({ account }: TestWorld): readonly string[] =>
  [...account.certificates.values()].map(({ SubjectAlternativeNames: names = [] }) => names.join(' ')).sort()
const warnings = async ({ kube }: TestWorld): Promise<readonly string[]> => {
  const events = await kube.list<{
    type: string
    reason: string
    message: string
    involvedObject: { name: string }
  }>('/api/v1/namespaces/shop/events')
  return events
    .filter(({ type }) => type === 'Warning')
    .map(({ involvedObject, reason, message }) => `${involvedObject.name} ${reason}: ${message}`)
}
const addressOf = async ({ kube }: TestWorld, name: string): Promise<string | undefined> => {
  const found = await kube.get<{ status?: { loadBalancer?: { ingress?: { hostname: string }[] } } }>(
    `/apis/networking.k8s.io/v1/namespaces/shop/ingresses/${name}`,
  )
  return found?.status?.loadBalancer?.ingress?.[0]?.hostname
}

describe('certificates that the controller asks for', { concurrency: 4 }, () => {
  test('pending: the rest of the group goes on, the user is told what ACM looks for, and the listener comes with the certificate', () =>
    within(async (world) => {
      await world.kube.apply(asking('secure', 'secure.shop.example'), plain('open', 'open.shop.example'))
      const host = await eventually(async () => {
        const found = await addressOf(world, 'open')
        assert.ok(found)
        return found
      }, limitMs)
      await eventually(
        async () => assert.equal((await world.request(host, '/', 'open.shop.example')).status, 200),
        limitMs,
      )
      assert.deepEqual(served(world), [])
      assert.equal(await addressOf(world, 'secure'), undefined)
      const told = await eventually(async () => {
        const [first] = await warnings(world)
        assert.ok(first)
        return first
      }, limitMs)
      assert.match(
        told,
        /^secure CertificatePending: .* _[0-9a-f]{32}\.secure\.shop\.example\. CNAME _[0-9a-f]{32}\.acm-validations\.aws\./,
      )
      issue(world)
      await eventually(() => assert.equal(served(world).length, 1), limitMs)
      await eventually(
        async () =>
          assert.equal((await world.secureRequest(host, '/', { host: 'secure.shop.example' })).status, 200),
        limitMs,
      )
      await eventually(async () => assert.equal(await addressOf(world, 'secure'), host), limitMs)
      assert.equal((await warnings(world)).length, 1)
    }, never))

  test('other hosts: the former certificate serves until the new one is issued, and goes then', () =>
    within(async (world) => {
      await world.kube.apply(asking('secure', 'a.shop.example'))
      await eventually(() => assert.deepEqual(hostsOf(world), ['a.shop.example']), limitMs)
      issue(world)
      const [before = ''] = await eventually(() => {
        const now = served(world)
        assert.equal(now.length, 1)
        return now
      }, limitMs)
      await world.kube.apply(asking('secure', 'b.shop.example'))
      await eventually(() => assert.deepEqual(hostsOf(world), ['a.shop.example', 'b.shop.example']), limitMs)
      assert.deepEqual(served(world), [before])
      issue(world)
      await eventually(() => assert.deepEqual(hostsOf(world), ['b.shop.example']), limitMs)
      assert.notDeepEqual(served(world), [before])
      await world.kube.remove(asking('secure', 'b.shop.example'))
      await eventually(() => assert.deepEqual(hostsOf(world), []), limitMs)
    }, never))

  test('a name that nobody can own: told, asked for once, and nobody else is concerned', () =>
    within(async (world, controller) => {
      await world.kube.apply(asking('secure', 'shop.internal'), plain('open', 'open.shop.example'))
      await eventually(async () => assert.ok(await addressOf(world, 'open')), limitMs)
      await eventually(
        async () =>
          assert.match((await warnings(world)).join(), /^secure CertificatePending: .*INVALID_PUBLIC_DOMAIN/),
        limitMs,
      )
      await controller.idle()
      assert.deepEqual(hostsOf(world), ['shop.internal'])
      await world.kube.remove(asking('secure', 'shop.internal'))
      await eventually(() => assert.deepEqual(hostsOf(world), []), limitMs)
    }))

  test('an answer that never came: asked for once; a certificate that somebody else uses stays, and that is told', () =>
    within(async (world) => {
      world.cloud.fault({ service: 'acm', action: 'RequestCertificate', error: 'lost-answer' })
      await world.kube.apply(asking('secure', 'a.shop.example'))
      await eventually(() => assert.equal(served(world).length, 1), limitMs)
      assert.deepEqual(hostsOf(world), ['a.shop.example'])
      const { account } = world
      const [listener] = account.listeners.values()
      const arn =
        'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/other/0000000000000001'
      assert.ok(listener)
      account.listeners.set(`${arn}/listener`, { ...listener, arn: `${arn}/listener`, loadBalancerArn: arn })
      await world.kube.apply(plain('secure', 'a.shop.example'))
      await eventually(
        async () =>
          assert.match((await warnings(world)).join('\n'), /ResourceInUse: .* is used by .*app\/other/),
        limitMs,
      )
      assert.deepEqual(hostsOf(world), ['a.shop.example'])
      account.listeners.delete(`${arn}/listener`)
    }))

  test('ACM may not be asked: told on who asks for one, and all else is served', () =>
    within(async (world) => {
      const message = 'User: arn:aws:iam::1:role/a is not authorized to perform: acm:ListTagsForCertificate'
      const [account] = world.cloud.accounts()
      assert.ok(account)
      const detail = {
        CertificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/1',
        Type: 'AMAZON_ISSUED',
      } as const
      account.certificates.set(detail.CertificateArn, certificateNow(detail, { now: 0 }))
      world.cloud.fault({
        service: 'acm',
        action: 'ListTagsForCertificate',
        times: 1_000,
        error: { code: 'AccessDeniedException', message },
      })
      await world.kube.apply(asking('secure', 'a.shop.example'), plain('open', 'open.shop.example'))
      await eventually(async () => assert.ok(await addressOf(world, 'open')), limitMs)
      await eventually(
        async () =>
          assert.match((await warnings(world)).join(), /^secure .*Allow acm:ListTagsForCertificate/),
        limitMs,
      )
      assert.deepEqual(served(world), [])
    }))
})
