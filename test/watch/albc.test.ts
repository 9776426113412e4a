// What of ALBC is in the way of the first write: real objects on the local API server, time played.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createApiServer } from '../../localstack/kube/server.ts'
import { createKube } from '../../src/kube/client.ts'
import {
  gateways,
  leases,
  mutatingWebhookConfigurations,
  namespaces,
  type Resource,
  validatingWebhookConfigurations,
} from '../../src/kube/resource.ts'
import type { KubeObject, Metadata } from '../../src/model/cluster.ts'
import { albcLease, createAbsence, type Obstacle } from '../../src/watch/albc.ts'
import { type Clock, installClock } from '../simulation/clock.ts'

const leaseName = { namespace: 'kube-system', name: albcLease }
const lease = (renewTime: string, name = albcLease) => ({
  metadata: { ...leaseName, name },
  spec: { holderIdentity: 'albc-7d9_1', leaseDurationSeconds: 15, renewTime },
})
const micro = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z')
const webhooks = (name: string, webhook: string) => ({
  metadata: { name },
  webhooks: [
    {
      name: webhook,
      clientConfig: { url: 'https://127.0.0.1:1/' },
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Ignore',
      rules: [
        { apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['none'] },
      ],
    },
  ],
})

async function cluster(t: TestContext, given: { services?: KubeObject[]; acknowledged?: boolean } = {}) {
  const clock: Clock = installClock(1)
  t.after(() => clock.uninstall())
  const api = createApiServer({})
  const client = createKube(api.handle)
  const apply = async (of: Resource, ...objects: Parameters<typeof client.apply>[1][]): Promise<void> => {
    for (const object of objects) {
      const applied = await client.apply(of, object)
      assert.ok(applied.ok, JSON.stringify(applied))
    }
  }
  const renew = (spec: object) => client.patch(leases, leaseName, { spec })
  await apply(namespaces, { metadata: { name: 'kube-system' } })
  t.after(() => api.stop())
  const absence = createAbsence({
    kube: client,
    services: () => given.services ?? [],
    lease: { namespace: 'default', name: 'albatross-leader' },
    webhooks: 'albatross-webhook',
    acknowledged: given.acknowledged ?? false,
    signal: new AbortController().signal,
  })
  return { clock, apply, renew, absence }
}

const found = (obstacles: readonly Obstacle[]): string[] => obstacles.map((one) => one.found)

test('where ALBC never was, nothing is waited for', async (t) => {
  const { absence, apply, clock } = await cluster(t)
  assert.deepEqual(await absence.look(), [])
  // One that ended long ago leaves its Lease behind for ever; another controller's is none of its.
  await apply(leases, lease(micro(clock.now() - 3_600_000)), lease(micro(clock.now()), 'other-leader'))
  assert.deepEqual(await absence.look(), [])
})

test('ALBC works as long as its Lease changes, whatever the clocks say, and for a minute more', async (t) => {
  const { clock, apply, renew, absence } = await cluster(t)
  const told: string[][] = []
  await apply(leases, lease(micro(clock.now())))
  let gone = false
  const waited = absence.wait((obstacles) => told.push(found(obstacles)))
  void waited.then(() => (gone = true))
  await clock.advance(30_000)
  // Its clock is 5 minutes behind ours: what it renews looks old, and is not.
  for (let renewals = 0; renewals < 10; renewals += 1) {
    await renew({ renewTime: micro(clock.now() - 300_000) })
    await clock.advance(2_000)
  }
  assert.equal(gone, false)
  assert.deepEqual(told, [[`ALBC is running: Lease kube-system/${albcLease} is held by albc-7d9_1`]])
  // Its clock is ahead of ours: a minute by ours counts.
  await renew({ renewTime: micro(clock.now() + 300_000) })
  await clock.advance(55_000)
  assert.equal(gone, false)
  await clock.advance(15_000)
  assert.equal(gone, true)
  assert.equal(await waited, true)
})

test('a Lease that was given up, or not renewed for a minute by both clocks, is nobody’s', async (t) => {
  const { clock, apply, renew, absence } = await cluster(t)
  await apply(leases, lease(micro(clock.now() - 61_000)))
  assert.equal((await absence.look()).length, 1)
  await clock.advance(5_000)
  assert.deepEqual(await absence.look(), [])
  await renew({ renewTime: micro(clock.now()) })
  assert.equal((await absence.look()).length, 1)
  await renew({ holderIdentity: '' })
  assert.deepEqual(await absence.look(), [])
})

test('its webhooks by their names, whatever their configuration is called; not ours', async (t) => {
  const { apply, absence } = await cluster(t)
  await apply(mutatingWebhookConfigurations, webhooks('albatross-webhook', 'mpod.elbv2.k8s.aws'))
  await apply(validatingWebhookConfigurations, webhooks('other', 'check.example.com'))
  assert.deepEqual(await absence.look(), [])
  await apply(mutatingWebhookConfigurations, webhooks('prod-lbc-webhook', 'mpod.elbv2.k8s.aws'))
  await apply(
    validatingWebhookConfigurations,
    webhooks('aws-load-balancer-webhook', 'vingress.elbv2.k8s.aws'),
  )
  const obstacles = await absence.look()
  assert.deepEqual(found(obstacles), [
    "ALBC's webhooks are there: MutatingWebhookConfiguration prod-lbc-webhook",
    "ALBC's webhooks are there: ValidatingWebhookConfiguration aws-load-balancer-webhook",
  ])
  assert.match(
    obstacles[1]?.remedy ?? '',
    /kubectl delete validatingwebhookconfiguration aws-load-balancer-webhook/,
  )
})

const definitions: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}
const gatewayDefinition = {
  metadata: { name: 'gateways.gateway.networking.k8s.io' },
  spec: {
    group: 'gateway.networking.k8s.io',
    scope: 'Namespaced',
    names: { kind: 'Gateway', plural: 'gateways', singular: 'gateway', listKind: 'GatewayList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

const metadata = (name: string, finalizer: string): Metadata => ({
  namespace: 'shop',
  name,
  uid: name,
  finalizers: [finalizer],
})

test('Services and Gateways under its finalizers, unless that is acknowledged', async (t) => {
  const services = ['b', 'a'].map((name) => ({
    metadata: metadata(name, 'service.k8s.aws/resources'),
  }))
  const foreign = { metadata: metadata('c', 'example.com/x') }
  const { apply, absence } = await cluster(t, { services: [...services, foreign] })
  await apply(definitions, gatewayDefinition)
  await apply(gateways, {
    metadata: { namespace: 'kube-system', name: 'edge', finalizers: ['gateway.k8s.aws/alb'] },
  })
  const obstacles = await absence.look()
  assert.deepEqual(found(obstacles), [
    "Services bear ALBC's finalizers: shop/a and 1 more",
    "Gateways bear ALBC's finalizers: kube-system/edge",
  ])
  assert.match(obstacles[0]?.remedy ?? '', /--acknowledge-albc-leftovers/)
})

test('what may not be looked at keeps it waiting, and says which permission it is', async () => {
  const absence = createAbsence({
    kube: createKube(async ({ path }) =>
      path.includes('/leases')
        ? {
            status: 403,
            headers: {},
            body: '{"kind":"Status","code":403,"reason":"Forbidden","message":"no"}',
          }
        : { status: 200, headers: {}, body: '{"items":[],"metadata":{}}' },
    ),
    services: () => [],
    lease: { namespace: 'default', name: 'albatross-leader' },
    webhooks: 'albatross-webhook',
    acknowledged: true,
    signal: new AbortController().signal,
  })
  assert.deepEqual(await absence.look(), [
    {
      found:
        "whether ALBC is absent can't be seen, leases.coordination.k8s.io could not be listed: Forbidden: no",
      remedy: "permit it by the chart's ClusterRole (chart/files/cluster-rules.yaml)",
    },
  ])
})
