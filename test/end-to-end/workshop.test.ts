import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deployment, ingress, ingressClass, namespace, service } from '../../localstack/scenario/manifest.ts'
import { eventually, startTestWorld, type TestWorld } from '../world.ts'

type IngressObject = {
  status?: { loadBalancer?: { ingress?: { hostname: string; ports: { port: number }[] }[] } }
}
const ingressPath = '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web'

let world: TestWorld
before(async () => {
  world = await startTestWorld()
  world.controller()
})
after(async () => {
  await world.end()
})

const writes = (since = 0) =>
  world.cloud.journal.since(since).filter(({ write, accessKey }) => write && accessKey === 'CONTROLLER')

test('an Ingress becomes a load balancer that answers, at the fewest writes there are', async () => {
  await world.kube.apply(
    namespace('shop'),
    ingressClass('alb'),
    deployment('web', { namespace: 'shop', port: 8080 }),
    service('web', { namespace: 'shop', port: 80, targetPort: 8080 }),
  )
  await eventually(async () => {
    const found = await world.kube.get<{ status?: { readyReplicas?: number } }>(
      '/apis/apps/v1/namespaces/shop/deployments/web',
    )
    assert.equal(found?.status?.readyReplicas, 3)
  })
  await world.kube.apply(
    ingress('web', {
      namespace: 'shop',
      class: 'alb',
      annotations: { scheme: 'internet-facing', 'target-type': 'ip' },
      paths: [
        { path: '/missing', service: 'nobody', port: 80 },
        { path: '/', service: 'web', port: 80 },
      ],
    }),
  )
  const hostname = await eventually(async () => {
    const found = await world.kube.get<IngressObject>(ingressPath)
    const entry = found?.status?.loadBalancer?.ingress?.[0]
    assert.deepEqual(
      entry?.ports.map(({ port }) => port),
      [80],
    )
    return entry?.hostname ?? ''
  })
  await eventually(async () => assert.equal((await world.request(hostname, '/')).status, 200))
  assert.equal((await world.request(hostname, '/missing')).body, 'Backend service does not exist')
  // The lower bound that ALBC meets too: see the README's table.
  assert.deepEqual(
    writes()
      .map(({ action }) => action)
      .sort(),
    [
      'AuthorizeSecurityGroupIngress',
      'AuthorizeSecurityGroupIngress',
      'CreateListener',
      'CreateLoadBalancer',
      'CreateRule',
      'CreateRule',
      'CreateSecurityGroup',
      'CreateSecurityGroup',
      'CreateTargetGroup',
      'RegisterTargets',
    ],
  )
})

test('an unparsable value is told on the Ingress, and changes nothing in AWS', async () => {
  const state = world.cloud.state()
  const since = world.cloud.journal.since().at(-1)?.n ?? 0
  await world.kube.patch(ingressPath, {
    metadata: { annotations: { 'alb.ingress.kubernetes.io/target-type': 'bogus' } },
  })
  const message = await eventually(async () => {
    const events = await world.kube.list<{
      reason: string
      message: string
      involvedObject: { name: string }
    }>('/api/v1/namespaces/shop/events')
    const found = events.find(({ reason }) => reason === 'InvalidAnnotation')
    assert.ok(found, events.map(({ reason }) => reason).join())
    return found.message
  })
  assert.match(message, /target-type/)
  assert.match(message, /bogus/)
  assert.match(message, /instance/)
  assert.equal(world.cloud.state(), state)
  assert.deepEqual(writes(since), [])
})

test('deleting the Ingress leaves the account as it was, and no finalizer behind', async () => {
  await world.kube.remove({ kind: 'Ingress', metadata: { namespace: 'shop', name: 'web' } })
  await eventually(async () => assert.equal(await world.kube.get(ingressPath), undefined))
  await eventually(() => {
    assert.equal(world.account.loadBalancers.size + world.account.targetGroups.size, 0)
    assert.equal(
      [...world.account.securityGroups.values()].filter(({ wire }) => wire.GroupName?.startsWith('k8s-'))
        .length,
      0,
    )
  })
})
