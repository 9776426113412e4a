// Beside a running ALBC nothing is written; once it is gone, all is.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { namespace } from '../../localstack/scenario/manifest.ts'
import { webShop } from '../web.ts'
import { createKube } from '../../src/kube/client.ts'
import { leases } from '../../src/kube/resource.ts'
import { albcLease } from '../../src/watch/albc.ts'
import { eventually, startTestWorld, type TestWorld } from '../world.ts'

const name = { namespace: 'kube-system', name: albcLease }
const path = `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${albcLease}`

let world: TestWorld
before(async () => {
  world = await startTestWorld()
  const renewTime = new Date().toISOString().replace('Z', '000Z')
  await world.kube.apply(...webShop(80), namespace('kube-system'))
  const lease = { metadata: name, spec: { holderIdentity: 'albc', leaseDurationSeconds: 15, renewTime } }
  assert.ok((await createKube(world.api.handle).create(leases, lease)).ok)
})
after(async () => {
  await world.end()
})

const calls = (accessKey: string) =>
  world.cloud.journal.since().filter((entry) => entry.accessKey === accessKey)

test('observing tells what would be in the way, and goes on', async () => {
  world.controller(['--mode=observe'], 'OBSERVER')
  await eventually(() => {
    assert.ok(world.logs.some(({ msg }) => msg === 'ALBC: to be done before this may write'))
    assert.ok(world.logs.some(({ msg }) => msg === 'would call'))
  })
})

test('nothing is called or written while ALBC holds its Lease; then everything', async () => {
  const controller = world.controller(['--albc=absent', '--acknowledge-albc-leftovers=false'])
  assert.equal(await controller.synced, true)
  const told = await eventually(() => {
    const found = world.logs.filter(({ msg }) => msg === 'ALBC: nothing is written yet')
    assert.equal(found.length, 1)
    return found
  })
  assert.match(
    String(told[0]?.['found']),
    /ALBC is running: Lease kube-system\/aws-load-balancer-controller-leader is held by albc/,
  )
  assert.match(String(told[0]?.['remedy']), /scale its Deployment to 0/)
  assert.equal(controller.obstacles().length, 1)
  assert.deepEqual(calls('CONTROLLER'), [])
  await world.kube.patch(path, { spec: { holderIdentity: '' } })
  await eventually(() => assert.ok(calls('CONTROLLER').some(({ action }) => action === 'CreateRule')), 20_000)
  assert.deepEqual(controller.obstacles(), [])
})

test('a stop does not wait for ALBC to go', async () => {
  await world.kube.patch(path, { spec: { holderIdentity: 'albc' } })
  const controller = world.controller([], 'WAITING')
  await eventually(() => assert.equal(controller.obstacles().length, 1))
  await controller.stop()
  assert.deepEqual(calls('WAITING'), [])
})
