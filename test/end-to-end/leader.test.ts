import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ingress } from '../../localstack/scenario/manifest.ts'
import type { Running } from '../../src/start.ts'
import { eventually, startTestWorld, type TestWorld } from '../world.ts'
import { deployment, ingressClass, namespace, service } from '../../localstack/scenario/manifest.ts'

const election = ['--enable-leader-election=true', '--leader-election-retry-period=100ms']
const leasePath = '/apis/coordination.k8s.io/v1/namespaces/default/leases/albatross-leader'
const limitMs = 20_000

let world: TestWorld
let first: Running
let second: Running
before(async () => {
  world = await startTestWorld()
  await world.kube.apply(
    namespace('shop'),
    ingressClass('alb'),
    deployment('web', { namespace: 'shop', port: 8080, replicas: 1 }),
    service('web', { namespace: 'shop', port: 80, targetPort: 8080 }),
  )
  first = world.controller(election, 'FIRST')
  await eventually(() => assert.equal(first.leads(), true), limitMs)
  second = world.controller(election, 'SECOND')
  assert.equal(await second.synced, true)
})
after(async () => {
  await world.end()
})

const callsOf = (accessKey: string, since = 0) =>
  world.cloud.journal.since(since).filter((entry) => entry.accessKey === accessKey)

async function served(name: string): Promise<void> {
  const path = `/apis/networking.k8s.io/v1/namespaces/shop/ingresses/${name}`
  await eventually(async () => {
    const found = await world.kube.get<{
      status?: { loadBalancer?: { ingress?: { hostname: string }[] } }
    }>(path)
    const hostname = found?.status?.loadBalancer?.ingress?.[0]?.hostname ?? ''
    assert.equal((await world.request(hostname, '/')).status, 200)
  }, limitMs)
}

const add = (name: string) =>
  world.kube.apply(
    ingress(name, {
      namespace: 'shop',
      class: 'alb',
      annotations: { scheme: 'internet-facing', 'target-type': 'ip' },
      paths: [{ path: '/', service: 'web', port: 80 }],
    }),
  )

const holderOf = async (): Promise<string> => {
  const lease = await world.kube.get<{ spec: { holderIdentity?: string } }>(leasePath)
  return lease?.spec.holderIdentity ?? ''
}

test('of two replicas one works; the other makes no call', async () => {
  await add('one')
  await served('one')
  assert.ok(callsOf('FIRST').some(({ write }) => write))
  assert.deepEqual(callsOf('SECOND'), [])
  assert.match(first.metrics(), /^albatross_leader 1$/m)
  assert.match(second.metrics(), /^albatross_leader 0$/m)
})

test('a stop in the middle of the work hands over: the calls of the two never overlap, and nothing is made twice', async () => {
  const since = callsOf('FIRST').at(-1)?.n ?? 0
  const holder = await holderOf()
  await add('two')
  await eventually(() => assert.ok(callsOf('FIRST', since).some(({ write }) => write)), limitMs)
  await first.stop()
  await eventually(() => assert.equal(second.leads(), true), limitMs)
  await served('two')
  await served('one')
  assert.notEqual(await holderOf(), holder)
  const lastOfFirst = callsOf('FIRST').at(-1)
  const [firstOfSecond] = callsOf('SECOND')
  assert.ok(lastOfFirst !== undefined && firstOfSecond !== undefined && lastOfFirst.n < firstOfSecond.n)
  assert.equal(world.account.loadBalancers.size, 2)
  assert.equal(world.account.targetGroups.size, 2)
})

test('a leader whose Lease another took ends its work, and leads again once that one is gone', async () => {
  await world.kube.patch(leasePath, { spec: { holderIdentity: 'somebody', leaseDurationSeconds: 2 } })
  await eventually(() => assert.equal(second.leads(), false), limitMs)
  const since = callsOf('SECOND').at(-1)?.n ?? 0
  await add('three')
  await eventually(async () => assert.notEqual(await holderOf(), 'somebody'), limitMs)
  await served('three')
  const calls = callsOf('SECOND', since)
  // What it knew may be old: the new leadership begins with a sweep.
  assert.equal(calls[0]?.purpose, 'sweep')
  assert.equal(world.account.loadBalancers.size, 3)
  assert.ok(
    world.logs.some(({ msg, reason }) => msg === 'leading no more' && reason === 'somebody holds the Lease'),
  )
})
