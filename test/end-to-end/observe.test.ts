import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ingress, ingressClass, namespace, service } from '../../localstack/scenario/manifest.ts'
import { eventually, startTestWorld, type TestWorld } from '../world.ts'

let world: TestWorld
before(async () => {
  world = await startTestWorld()
  world.controller(['--mode=observe'])
})
after(async () => {
  await world.end()
})

test('observing publishes the plan and writes neither to AWS nor to the Ingress', async () => {
  const state = world.cloud.state()
  await world.kube.apply(
    namespace('shop'),
    ingressClass('alb'),
    service('web', { namespace: 'shop', port: 80, targetPort: 80 }),
  )
  const annotations = { scheme: 'internet-facing', 'target-type': 'ip' }
  const paths = [{ path: '/', service: 'web', port: 80 }]
  await world.kube.apply(ingress('web', { namespace: 'shop', class: 'alb', annotations, paths }))
  const planned = await eventually(() => {
    const calls = world.logs
      .filter(({ msg }) => msg === 'would call')
      .map(({ step }) => (step as { call: string }).call)
    assert.ok(calls.includes('CreateRule'), calls.join())
    return calls
  })
  // The whole way, not its first steps: the shared group comes first, and all else needs it.
  assert.deepEqual(planned.toSorted(), [
    'AuthorizeSecurityGroupIngress',
    'CreateListener',
    'CreateLoadBalancer',
    'CreateRule',
    'CreateSecurityGroup',
    'CreateSecurityGroup',
    'CreateTargetGroup',
    'CreateTargetGroupBinding',
  ])
  assert.equal(world.cloud.state(), state)
  assert.deepEqual(
    world.cloud.journal.since().filter(({ write, accessKey }) => write && accessKey === 'CONTROLLER'),
    [],
  )
  const found = await world.kube.get<{
    metadata: { finalizers?: string[] }
    status?: { loadBalancer?: object }
  }>('/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web')
  assert.equal(found?.metadata.finalizers, undefined)
  assert.deepEqual(found?.status?.loadBalancer ?? {}, {})
})
