/** Three replicas share the work by slots: each group and the network are one's at a time, whoever dies or leaves. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pino from 'pino'
import { inProcess } from '../../localstack/aws/in-process.ts'
import { deployment, ingress, ingressClass, namespace, service } from '../../localstack/scenario/manifest.ts'
import { readConfig } from '../../src/config.ts'
import type { Handle } from '../../src/lib/http.ts'
import { slotOf } from '../../src/reconcile/part.ts'
import { type Running, start } from '../../src/start.ts'
import { type Owners, ownersIn } from '../journal.ts'
import { eventually, startTestWorld, type TestWorld } from '../world.ts'

const limitMs = 30_000
const names = Array.from({ length: 8 }, (_, at) => `app-${at}`)
const never = new Promise<never>(() => undefined)

type Replica = { readonly key: string; readonly running: Running; dead: boolean }
let world: TestWorld
let owners: Owners
let replicas: Replica[] = []

before(async () => {
  world = await startTestWorld()
  owners = ownersIn(world.account)
  await world.kube.apply(
    namespace('shop'),
    ingressClass('alb'),
    deployment('web', { namespace: 'shop', port: 8080, replicas: 2 }),
    service('web', { namespace: 'shop', port: 80, targetPort: 8080 }),
  )
  for (const name of names) await add(name, '/')
  replicas = ['FIRST', 'SECOND', 'THIRD'].map(replica)
})
after(async () => {
  await Promise.all(replicas.filter(({ dead }) => !dead).map(({ running }) => running.stop()))
  await world.end()
})

function replica(key: string): Replica {
  const config = readConfig(
    [
      '--cluster-name=demo',
      '--aws-region=eu-west-1',
      `--aws-vpc-id=${world.vpcId}`,
      '--shards=4',
      '--leader-election-lease-duration=5s',
      '--leader-election-renew-deadline=3s',
      '--leader-election-retry-period=250ms',
    ],
    {},
  )
  if (!config.ok) throw new Error(config.error.join())
  const wire =
    (handle: Handle): Handle =>
    async (request) => {
      if (made.dead) return never
      const answer = await handle(request)
      return made.dead ? never : answer
    }
  const made: { -readonly [K in keyof Replica]: Replica[K] } = {
    key,
    dead: false,
    running: undefined as unknown as Running,
  }
  made.running = start({
    config: config.value,
    kube: wire(world.api.handle),
    aws: {
      requestHandler: inProcess(wire(world.cloud.handle)),
      credentials: { accessKeyId: key, secretAccessKey: 'local' },
    },
    log: pino({ enabled: false }),
  })
  return made
}

const add = (name: string, path: string): Promise<void> =>
  world.kube.apply(
    ingress(name, {
      namespace: 'shop',
      class: 'alb',
      annotations: { scheme: 'internet-facing', 'target-type': 'ip' },
      paths: [{ path, service: 'web', port: 80 }],
    }),
  )

async function isServed(name: string, path: string): Promise<void> {
  await eventually(async () => {
    const found = await world.kube.get<{ status?: { loadBalancer?: { ingress?: { hostname: string }[] } } }>(
      `/apis/networking.k8s.io/v1/namespaces/shop/ingresses/${name}`,
    )
    const hostname = found?.status?.loadBalancer?.ingress?.[0]?.hostname ?? ''
    assert.equal((await world.request(hostname, path)).status, 200, name)
  }, limitMs)
}

const living = (): Replica[] => replicas.filter(({ dead }) => !dead)
const held = ({ running }: Replica): string[] =>
  [...running.metrics().matchAll(/^albatross_lease_held\{lease="([^"]+)"\} 1$/gm)].map(
    ([, name = '']) => name,
  )

async function allHeld(): Promise<void> {
  await eventually(() => {
    const all = living().flatMap(held)
    assert.deepEqual([all.length, new Set(all).size], [17, 17])
  }, limitMs)
}

/** Who wrote what, in order; each run of writes by one replica once. */
function writers(): ReadonlyMap<string, readonly string[]> {
  owners.learn()
  const all = new Map<string, string[]>()
  for (const entry of world.cloud.journal.since()) {
    if (!entry.write || !replicas.some(({ key }) => key === entry.accessKey)) continue
    const of = owners.of(entry)
    const keys = all.get(of) ?? []
    if (keys.at(-1) !== entry.accessKey) keys.push(entry.accessKey)
    all.set(of, keys)
  }
  return all
}
/** Nobody wrote again after another had. */
function assertTurns(): void {
  for (const [of, keys] of writers()) {
    assert.doesNotMatch(of, /^unknown/)
    assert.equal(new Set(keys).size, keys.length, `${of}: ${keys.join(', then ')}`)
  }
}

test('three replicas with four slots each hold all of them, and serve every group; each is written by one', async () => {
  await allHeld()
  for (const name of names) await isServed(name, '/')
  assert.ok(Math.max(...replicas.map((one) => held(one).length)) <= 7)
  assert.ok(Math.min(...replicas.map((one) => held(one).length)) >= 4)
  const groups = [...writers()].filter(([of]) => of.startsWith('shop/'))
  assert.equal(groups.length, names.length)
  assertTurns()
  // By its slot's Lease.
  for (const [stack, keys] of groups) {
    const holder = replicas.find((one) => held(one).includes(`albatross-leader-shard-${slotOf(stack)}`))
    assert.equal(keys.at(-1), holder?.key, stack)
  }
  assert.equal(world.account.loadBalancers.size, names.length)
})

test('one that is killed is written for by no other before its Leases are over; then all of its groups go on', async () => {
  const [lost] = replicas.toSorted((a, b) => held(b).length - held(a).length)
  assert.ok(lost)
  lost.dead = true
  lost.running.stop().catch(() => undefined)
  const killedAt = performance.now()
  for (const name of names) await add(name, '/new')
  await allHeld()
  const gapMs = performance.now() - killedAt
  for (const name of names) await isServed(name, '/new')
  assert.ok(gapMs > 2_000, `${gapMs} ms`)
  assertTurns()
  assert.equal(world.account.loadBalancers.size, names.length)
})

test('pods are followed by the one that holds the network, and it alone', async () => {
  await world.kube.apply(deployment('web', { namespace: 'shop', port: 8080, replicas: 4 }))
  await eventually(() => {
    for (const { targets } of world.account.targetGroups.values())
      assert.equal([...targets.values()].filter(({ drainingUntil }) => drainingUntil === undefined).length, 4)
  }, limitMs)
  assertTurns()
  const holder = living().find((one) => held(one).includes('albatross-leader-network'))
  assert.equal(writers().get('network')?.at(-1), holder?.key)
})

test('one that is stopped hands its slots over in a moment; the last one does everything', async () => {
  const [leaving, staying] = living()
  assert.ok(leaving && staying)
  await leaving.running.stop()
  leaving.dead = true
  const stoppedAt = performance.now()
  await allHeld()
  assert.ok(performance.now() - stoppedAt < 3_500, `${performance.now() - stoppedAt} ms`)
  for (const name of names) await add(name, '/last')
  for (const name of names) await isServed(name, '/last')
  assertTurns()
  await world.kube.apply(deployment('web', { namespace: 'shop', port: 8080, replicas: 1 }))
  await eventually(() => {
    for (const { targets } of world.account.targetGroups.values())
      assert.equal([...targets.values()].filter(({ drainingUntil }) => drainingUntil === undefined).length, 1)
  }, limitMs)
})

test('what is deleted is deleted by who holds it, the shared group last', async () => {
  for (const name of names)
    await world.kube.remove({ kind: 'Ingress', metadata: { name, namespace: 'shop' } })
  await eventually(() => {
    assert.deepEqual([world.account.loadBalancers.size, world.account.targetGroups.size], [0, 0])
  }, limitMs)
  await eventually(async () => {
    const left = await world.kube.list('/apis/networking.k8s.io/v1/namespaces/shop/ingresses')
    assert.equal(left.length, 0)
    const bindings = await world.kube.list('/apis/elbv2.k8s.aws/v1beta1/namespaces/shop/targetgroupbindings')
    assert.equal(bindings.length, 0)
    const shared = [...world.account.securityGroups.keys()].filter((id) =>
      world.account.tags.get(id)?.has('elbv2.k8s.aws/cluster'),
    )
    assert.deepEqual(shared, [])
  }, limitMs)
  assertTurns()
})
