import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deployment, ingress, ingressClass, namespace, service } from '../../localstack/scenario/manifest.ts'
import { timings } from '../../localstack/timing.ts'
import { eventually, startTestWorld, type TestWorld } from '../world.ts'

type IngressObject = { status?: { loadBalancer?: { ingress?: { hostname: string }[] } } }

let world: TestWorld
before(async () => {
  world = await startTestWorld(timings.instant, { addresses: 'single' })
  world.controller()
})
after(async () => {
  await world.end()
})

test('where the system has 127.0.0.1 alone, load balancers and pods share it on free ports', async () => {
  const paths = ['a', 'b'].map((name) => ({ path: `/${name}`, service: name, port: 80 }))
  await world.kube.apply(namespace('shop'), ingressClass('alb'))
  for (const name of ['a', 'b']) {
    await world.kube.apply(
      deployment(name, { namespace: 'shop', port: 80, replicas: 2 }),
      service(name, { namespace: 'shop', port: 80, targetPort: 80 }),
    )
  }
  const annotations = { scheme: 'internet-facing', 'target-type': 'ip' }
  await world.kube.apply(ingress('web', { namespace: 'shop', class: 'alb', annotations, paths }))
  const hostname = await eventually(async () => {
    const found = await world.kube.get<IngressObject>(
      '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web',
    )
    const entry = found?.status?.loadBalancer?.ingress?.[0]
    assert.ok(entry)
    return entry.hostname
  }, 15_000)
  for (const name of ['a', 'b']) {
    await eventually(async () => {
      const answer = await world.request(hostname, `/${name}`)
      assert.equal(answer.status, 200)
      assert.match(String(answer.headers['x-pod']), new RegExp(`^${name}-`))
    }, 15_000)
  }
  const address = world.addressOf(hostname, 80)
  assert.equal(address.host, '127.0.0.1')
  assert.notEqual(address.port, 80)
})
