import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { overrideQuota } from '../../localstack/aws/elbv2/quota.ts'
import { ingress, service } from '../../localstack/scenario/manifest.ts'
import { eventually } from '../world.ts'
import { annotate, member, onlyNewWarning, openShop, pathOf, type Shop } from './shop.ts'

let shop: Shop
before(async () => {
  shop = await openShop()
  await shop.world.kube.apply(member('good'))
  const hostname = await shop.address('good')
  await shop.answer(hostname, '/good', 200)
  await shop.controller.idle()
})
after(async () => {
  await shop.world.end()
})

type Bad = {
  readonly what: string
  readonly annotations: Readonly<Record<string, string>>
  readonly reason: string
  /** Field, value, what is allowed, what to do. */
  readonly says: readonly (string | RegExp)[]
}
const key = (name: string): string => `alb.ingress.kubernetes.io/${name}`

const values: readonly Bad[] = [
  {
    what: 'a target type that is none',
    annotations: { 'target-type': 'bogus' },
    reason: 'InvalidAnnotation',
    says: [key('target-type'), 'bogus', '`instance` or `ip`', 'or remove it'],
  },
  {
    what: 'a scheme that is none',
    annotations: { scheme: 'public' },
    reason: 'InvalidAnnotation',
    says: [key('scheme'), 'public', '`internal` or `internet-facing`'],
  },
  {
    what: 'a number in words',
    annotations: { 'healthcheck-interval-seconds': 'soon' },
    reason: 'InvalidAnnotation',
    says: [key('healthcheck-interval-seconds'), 'soon', 'a whole number'],
  },
  {
    what: 'a map without =',
    annotations: { tags: 'team' },
    reason: 'InvalidAnnotation',
    says: [key('tags'), 'team', 'key=value'],
  },
  {
    what: 'ports that are no JSON',
    annotations: { 'listen-ports': '80, 443' },
    reason: 'InvalidAnnotation',
    says: [key('listen-ports'), '80, 443', '[{"HTTP": 80}, {"HTTPS": 443}]'],
  },
  {
    what: 'a port out of range',
    annotations: { 'listen-ports': '[{"HTTP": 70000}]' },
    reason: 'InvalidListenPorts',
    says: [key('listen-ports'), '70000', '[1, 65535]'],
  },
  {
    what: 'an address without mask',
    annotations: { 'inbound-cidrs': '10.0.0.0' },
    reason: 'InvalidAnnotation',
    says: [key('inbound-cidrs'), '10.0.0.0', '10.0.0.0/8'],
  },
  {
    what: 'an order out of range',
    annotations: { 'group.order': '5000' },
    reason: 'InvalidGroupOrder',
    says: [key('group.order'), '5000', 'from -1000 to 1000'],
  },
  {
    what: 'a redirect to a port that nobody listens on',
    annotations: { 'ssl-redirect': '443' },
    reason: 'InvalidListenPorts',
    says: [key('ssl-redirect'), '443', '{"HTTPS": 443}'],
  },
  {
    what: 'a security group that does not exist',
    annotations: { 'security-groups': 'nobody' },
    reason: 'SecurityGroupsNotFound',
    says: [key('security-groups'), 'nobody', 'create the group'],
  },
  {
    what: 'a subnet that does not exist',
    annotations: { subnets: 'nowhere-a, nowhere-b' },
    reason: 'SubnetsNotFound',
    says: [key('subnets'), 'nowhere-a', 'at least two subnets'],
  },
  {
    what: 'hosts without a certificate',
    annotations: { 'listen-ports': '[{"HTTPS": 443}]' },
    reason: 'CertificateNotFound',
    says: [key('certificate-arn')],
  },
  {
    what: 'a group name in capitals',
    annotations: { 'group.name': 'Team' },
    reason: 'FailedLoadGroupID',
    says: [key('group.name'), 'Team', 'lower case'],
  },
]

for (const { what, annotations, reason, says } of values)
  test(`${what} is told once, on its Ingress, and nothing in AWS changes`, async () => {
    const known = await shop.warnings()
    const state = shop.world.cloud.state()
    const since = shop.now()
    await shop.world.kube.apply(member('bad', annotations))
    const { message, ...event } = await onlyNewWarning(shop, known)
    assert.equal(`${event.involvedObject.kind} ${event.involvedObject.name}`, 'Ingress bad')
    assert.equal(event.reason, reason)
    for (const text of says)
      assert.ok(
        typeof text === 'string' ? message.includes(text) : text.test(message),
        `${message}: ${String(text)}`,
      )
    assert.deepEqual(shop.writes(since), [])
    assert.equal(shop.world.cloud.state(), state)
    await shop.world.kube.remove(member('bad'))
    await eventually(async () => assert.equal(await shop.world.kube.get(pathOf('bad')), undefined), 20_000)
    await shop.controller.idle()
    assert.deepEqual(shop.writes(since), [])
  })

test('an unknown annotation is told with the name that was meant, and the Ingress is served', async () => {
  const known = await shop.warnings()
  await shop.world.kube.apply(member('typo', { 'healthcheck-pth': '/x' }))
  const { reason, message } = await onlyNewWarning(shop, known)
  assert.equal(reason, 'UnknownAnnotation')
  assert.equal(
    message,
    `unknown annotation ${key('healthcheck-pth')}. Did you mean ${key('healthcheck-path')}?`,
  )
  await shop.answer(await shop.address('typo'), '/typo', 200)
})

type Backend = { readonly name: string; readonly port: number | string }
const backed = (name: string, backend: Backend) => {
  const one = member(name)
  const port = typeof backend.port === 'number' ? { number: backend.port } : { name: backend.port }
  const path = { path: `/${name}`, pathType: 'Prefix', backend: { service: { name: backend.name, port } } }
  return { ...one, spec: { ingressClassName: 'alb', rules: [{ http: { paths: [path] } }] } }
}

test('a port name that the Service lacks: the ports that it has are named', async () => {
  const known = await shop.warnings()
  const since = shop.now()
  await shop.world.kube.apply(backed('port', { name: 'web', port: 'https' }))
  const { reason, message, involvedObject } = await onlyNewWarning(shop, known)
  assert.equal(involvedObject.name, 'port')
  assert.equal(reason, 'ServicePortMissing')
  assert.match(
    message,
    /port https on service shop\/web\. Use a port that Service shop\/web has: 80 \(http\)\./,
  )
  assert.deepEqual(shop.writes(since), [])
  await shop.world.kube.apply(backed('port', { name: 'web', port: 'http' }))
  await shop.answer(await shop.address('port'), '/port', 200)
})

test('a Service of type ExternalName has no pods to send to', async () => {
  const known = await shop.warnings()
  const since = shop.now()
  const away = service('away', { namespace: 'shop', port: 80, targetPort: 80 })
  await shop.world.kube.apply(
    { ...away, spec: { type: 'ExternalName', externalName: 'www.example.com', ports: [{ port: 80 }] } },
    backed('away', { name: 'away', port: 80 }),
  )
  const { reason, message } = await onlyNewWarning(shop, known)
  assert.equal(reason, 'ServiceUnusable')
  assert.match(message, /Service shop\/away is of type ExternalName.*Name a Service that selects pods/)
  assert.deepEqual(shop.writes(since), [])
})

test('a Service that does not exist answers 503, and its event says so', async () => {
  const known = await shop.warnings()
  await shop.world.kube.apply(backed('soon', { name: 'soon', port: 80 }))
  const { reason, message } = await onlyNewWarning(shop, known)
  assert.equal(reason, 'ServiceMissing')
  assert.match(
    message,
    /Create Service shop\/soon, or name another in the backend; until then the path answers 503\./,
  )
  await shop.answer(await shop.address('soon'), '/soon', 503)
})

const defaultClass = (name: string, controller = 'ingress.k8s.aws/alb') => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: { name, annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
  spec: { controller },
})
const withParams = (name: string, params: string) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: { name },
  spec: {
    controller: 'ingress.k8s.aws/alb',
    parameters: { apiGroup: 'elbv2.k8s.aws', kind: 'IngressClassParams', name: params },
  },
})

test('IngressClassParams that do not exist: told, and served once they do', async () => {
  const known = await shop.warnings()
  const since = shop.now()
  await shop.world.kube.apply(
    withParams('special', 'special'),
    ingress('special', {
      namespace: 'shop',
      class: 'special',
      annotations: { 'group.name': 'team', 'target-type': 'ip', scheme: 'internet-facing' },
      paths: [{ path: '/special', service: 'web', port: 80 }],
    }),
  )
  const { reason, message } = await onlyNewWarning(shop, known)
  assert.equal(reason, 'InvalidIngressClassParams')
  assert.match(message, /"special" not found\. Create IngressClassParams special, or remove spec\.parameters/)
  assert.deepEqual(shop.writes(since), [])
  await shop.world.kube.patch('/apis/networking.k8s.io/v1/ingressclasses/special', {
    spec: { parameters: null },
  })
  await shop.answer(await shop.address('special'), '/special', 200)
})

test('two default classes: an Ingress without a class is told, and those with one go on', async () => {
  // Made before there is a default: the API server gives a class to those that come later.
  const classless = member('classless')
  const { rules } = classless.spec as { rules: unknown }
  await shop.world.kube.apply({ ...classless, spec: { rules } })
  const known = await shop.warnings()
  const since = shop.now()
  await shop.world.kube.apply(defaultClass('one', 'k8s.io/ingress-nginx'), defaultClass('two'))
  const { reason, message, involvedObject } = await onlyNewWarning(shop, known)
  assert.equal(involvedObject.name, 'classless')
  assert.equal(reason, 'MultipleDefaultIngressClasses')
  assert.match(
    message,
    /one, two\. Set spec\.ingressClassName, or leave the annotation .*is-default-class on one/,
  )
  assert.deepEqual(shop.writes(since), [])
  await shop.answer(await shop.address('good'), '/good', 200)
})

test('one event for one typo, however often its Ingress is looked at', async () => {
  await shop.world.kube.apply(member('again', { 'target-type': 'bogus' }))
  await eventually(async () => {
    const mine = (await shop.warnings()).filter(({ involvedObject }) => involvedObject.name === 'again')
    assert.equal(mine.length, 1)
  }, 20_000)
  for (const order of ['1', '2', '3']) {
    await annotate(shop, 'good', { 'group.order': order })
    await eventually(async () => {
      const found = await shop.world.kube.get<{ metadata: { annotations: Record<string, string> } }>(
        pathOf('good'),
      )
      assert.equal(found?.metadata.annotations[key('group.order')], order)
    })
    await shop.controller.idle()
  }
  const mine = (await shop.warnings()).filter(({ involvedObject }) => involvedObject.name === 'again')
  assert.deepEqual(
    mine.map(({ count }) => count),
    [1],
  )
})

test('no subnet bears the tag: told with the tag; and built once subnets are named', async () => {
  const bare = await openShop([], ({ account }) => {
    for (const [id] of account.subnets) account.tags.delete(id)
    account.routeTables.clear()
  })
  try {
    await bare.world.kube.apply(member('bare'))
    const { reason, message, involvedObject } = await onlyNewWarning(bare, [])
    assert.equal(involvedObject.name, 'bare')
    assert.equal(reason, 'SubnetsNotFound')
    assert.match(
      message,
      /Tag at least two subnets of VPC vpc-\w+.* with kubernetes\.io\/role\/elb=1; or name them in/,
    )
    assert.deepEqual(bare.writes(0), [])
    const known = await bare.warnings()
    const [one = '', two = ''] = [...bare.world.account.subnets.keys()]
    await annotate(bare, 'bare', { subnets: `${one},${two}` })
    await bare.answer(await bare.address('bare'), '/bare', 200)
    assert.equal((await bare.warnings()).length, known.length)
  } finally {
    await bare.world.end()
  }
})

test('200 KB in one annotation: told in an event that the API server takes, and nobody else is touched', async () => {
  const known = await shop.warnings()
  const since = shop.now()
  await shop.world.kube.apply(member('long', { tags: 'x'.repeat(200_000) }))
  const { reason, message, involvedObject } = await onlyNewWarning(shop, known)
  assert.equal(involvedObject.name, 'long')
  assert.equal(reason, 'InvalidAnnotation')
  assert.match(message, /failed to parse stringMap annotation, .*tags: xxx/)
  assert.ok(message.length <= 1_024, `${message.length} characters`)
  assert.deepEqual(shop.writes(since), [])
  await shop.answer(await shop.address('good'), '/good', 200)
  await shop.world.kube.remove(member('long'))
})

test('a thousand paths where twelve rules have room: their Ingress is told, AWS is not asked for each, and the others go on', async () => {
  overrideQuota(shop.world.account, 'rules-per-application-load-balancer', 12)
  const paths = Array.from({ length: 1_000 }, (_, at) => `/huge/${at}`)
  const since = shop.now()
  await shop.world.kube.apply(member('huge', { 'group.order': '9' }, paths))
  await eventually(async () => {
    const mine = (await shop.warnings()).filter(({ involvedObject }) => involvedObject.name === 'huge')
    assert.ok(
      mine.some(({ message }) => /TooManyRules/.test(message)),
      JSON.stringify(mine).slice(0, 400),
    )
  }, 20_000)
  const asked = shop.writes(since).filter((call) => call === 'CreateRule').length
  assert.ok(asked <= 40, `${asked} times asked for a rule`)
  const others = (await shop.warnings()).filter(({ message }) => /TooManyRules/.test(message))
  assert.deepEqual(
    others.filter(({ involvedObject }) => involvedObject.name !== 'huge'),
    [],
  )
  await shop.answer(await shop.address('good'), '/good', 200)
  overrideQuota(shop.world.account, 'rules-per-application-load-balancer', 100)
  await shop.world.kube.remove(member('huge'))
  // A comparison of two such objects takes its time.
  await eventually(async () => assert.ok((await shop.world.kube.get(pathOf('huge'))) === undefined), 20_000)
  await shop.answer(await shop.address('good'), '/good', 200)
})
