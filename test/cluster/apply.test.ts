/** A user's tool that applies its manifests again and again, and the controller: no conflict, and neither writes what the other has. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import {
  ingressClass,
  type Manifest,
  namespace,
  pathOf,
  service,
} from '../../localstack/scenario/manifest.ts'
import { eventually } from '../world.ts'
import { type ClusterWorld, limitMs, member, startClusterWorld } from './world.ts'

let world: ClusterWorld
before(async () => {
  world = await startClusterWorld()
})
after(() => world?.end())

const params = (scheme: string): Manifest => ({
  apiVersion: 'elbv2.k8s.aws/v1beta1',
  kind: 'IngressClassParams',
  metadata: { name: 'theirs' },
  spec: { scheme, tags: [{ key: 'team', value: 'shop' }] },
})
const theirClass: Manifest = {
  ...ingressClass('theirs'),
  spec: {
    controller: 'ingress.k8s.aws/alb',
    parameters: { apiGroup: 'elbv2.k8s.aws', kind: 'IngressClassParams', name: 'theirs' },
  },
}
const theirs = (...paths: readonly string[]): Manifest => {
  const made = member('theirs', ['/theirs', ...paths])
  return { ...made, spec: { ...(made.spec as object), ingressClassName: 'theirs' } }
}
const theirService = service('web', { namespace: 'shop', port: 80, targetPort: 8080 })
const binding = (targetGroupARN: string): Manifest => ({
  apiVersion: 'elbv2.k8s.aws/v1beta1',
  kind: 'TargetGroupBinding',
  metadata: { name: 'theirs', namespace: 'shop' },
  spec: { targetGroupARN, targetType: 'ip', serviceRef: { name: 'web', port: 80 } },
})

type Seen = {
  readonly metadata: {
    readonly resourceVersion: string
    readonly finalizers?: readonly string[]
    readonly managedFields: readonly { manager: string; subresource?: string; fieldsV1: object }[]
  }
}
const see = async (one: Manifest): Promise<Seen> => {
  const found = await world.kube.get<Seen>(pathOf(one))
  assert.ok(found, pathOf(one))
  return found
}
const versions = (manifests: readonly Manifest[]): Promise<readonly string[]> =>
  Promise.all(manifests.map(async (one) => (await see(one)).metadata.resourceVersion))

/** As a tool does it: its own manager, never by force; kubectl fails on a conflict. */
async function apply(manifests: readonly Manifest[], ...flags: readonly string[]): Promise<void> {
  const file = world.cluster.at('manifests.json')
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }))
  await world.cluster.kubectl('apply', '-f', file, ...flags)
}
const asTool = ['--server-side', '--field-manager=gitops']

/** Nothing is written any more: two looks, a second apart, agree. */
async function rest(manifests: readonly Manifest[]): Promise<readonly string[]> {
  return await eventually(async () => {
    await world.controller.idle()
    const found = await versions(manifests)
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    assert.deepEqual(await versions(manifests), found)
    return found
  }, limitMs)
}

const base = [namespace('shop'), params('internet-facing'), theirClass, theirService]

test('a tool that applies the same again: no conflict, no version moves, AWS is left alone', async () => {
  const all = [...base, theirs()]
  await apply(all, ...asTool)
  await world.served('theirs')
  const [settled, since] = [await rest(all), world.now()]
  for (let round = 0; round < 5; round += 1) {
    await apply(all, ...asTool)
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  assert.deepEqual(await rest(all), settled)
  assert.deepEqual(world.writes(since), [])
})

test('what is ours on an Ingress is its finalizer and its status, and the tool keeps the rest', async () => {
  const { metadata } = await see(theirs())
  const ours = metadata.managedFields.filter(({ manager }) => manager !== 'gitops')
  assert.ok(ours.length > 0)
  for (const { fieldsV1, subresource } of ours)
    if (subresource === 'status') assert.deepEqual(Object.keys(fieldsV1), ['f:status'])
    else {
      assert.deepEqual(Object.keys(fieldsV1), ['f:metadata'])
      const [fields] = Object.values(fieldsV1) as object[]
      assert.deepEqual(Object.keys(fields ?? {}), ['f:finalizers'])
    }
})

test('its next version is served, and again nothing moves', async () => {
  const all = [...base, theirs('/next')]
  await apply(all, ...asTool)
  await world.served('theirs', '/next')
  const settled = await rest(all)
  await apply(all, ...asTool)
  assert.deepEqual(await rest(all), settled)
})

test('a binding of its own: what we write there is finalizer and status', async () => {
  const [group] = world.account.targetGroups.keys()
  const other = await world.client.call(
    'GET',
    '/apis/elbv2.k8s.aws/v1beta1/namespaces/shop/targetgroupbindings',
  )
  const [made] = (other.body as { items: (Manifest & Seen & { spec: { targetGroupARN: string } })[] }).items
  assert.equal(made?.spec.targetGroupARN, group)
  // A second one of the same target group loses to the older; it is told so in its status.
  const one = binding(group ?? '')
  await apply([one], ...asTool)
  await eventually(async () => {
    const { metadata } = await see(one)
    assert.ok(metadata.managedFields.some(({ subresource }) => subresource === 'status'))
  }, limitMs)
  const settled = await rest([one])
  for (let round = 0; round < 3; round += 1) await apply([one], ...asTool)
  assert.deepEqual(await rest([one]), settled)
  await world.kube.remove(one)
  await eventually(async () => assert.equal(await world.kube.get(pathOf(one)), undefined), limitMs)
})

test('the same by kubectl apply of old, with its annotation', async () => {
  const one = member('byhand')
  await apply([one])
  await world.served('byhand')
  const settled = await rest([one])
  for (let round = 0; round < 3; round += 1) await apply([one])
  assert.deepEqual(await rest([one]), settled)
  assert.ok((await see(one)).metadata.finalizers?.length === 1)
})
