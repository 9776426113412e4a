import assert from 'node:assert/strict'
import { test } from 'node:test'
import { customResourceDefinitions } from '../../src/kind/crd.ts'
import type { HttpRequest } from '../../src/lib/http.ts'
import type { IngressGroup, IngressReport } from '../../src/model/cluster.ts'
import { eventually } from '../world.ts'
import { annotate, member, openShop, pathOf, type Shop } from './shop.ts'

const limitMs = 20_000
const reportPath = (name: string): string =>
  `/apis/albatross.dev/v1alpha1/namespaces/shop/ingressreports/${name}`
const groupPath = (name: string): string => `/apis/albatross.dev/v1alpha1/ingressgroups/${name}`
const crdPath = (plural: string): string =>
  `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.albatross.dev`

type Shown = IngressReport & { readonly metadata: { readonly ownerReferences?: readonly object[] } }
const report = ({ world }: Shop, name: string): Promise<Shown | undefined> => world.kube.get(reportPath(name))
const group = ({ world }: Shop, name: string): Promise<IngressGroup | undefined> =>
  world.kube.get(groupPath(name))

/** Conditions as `Type=Status Reason`. */
const conditions = (object: IngressReport | IngressGroup | undefined): readonly string[] =>
  (object?.status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`)

const says = (shop: Shop, name: string, ...expected: readonly string[]): Promise<Shown> =>
  eventually(async () => {
    const found = await report(shop, name)
    for (const one of expected)
      assert.ok(conditions(found).includes(one), `${name}: ${JSON.stringify(found)}`)
    return found as Shown
  }, limitMs)

async function within(flags: readonly string[], run: (shop: Shop) => Promise<void>): Promise<void> {
  const shop = await openShop(flags)
  try {
    await run(shop)
  } finally {
    await shop.world.end()
  }
}

/** What of these changes in the API server while `run` runs, events aside: each change as its new state. */
async function changesDuring({ world }: Shop, run: () => Promise<void>): Promise<readonly string[]> {
  const changes: string[] = []
  const ends = [
    'ingressreports.albatross.dev',
    'ingressgroups.albatross.dev',
    'ingresses.networking.k8s.io',
  ].map((storage) => world.api.store.subscribe(storage, ({ object }) => changes.push(JSON.stringify(object))))
  await run()
  for (const end of ends) end()
  return changes
}

test('an Ingress has a report of its own and a group that lists it; both say so once, and go with them', () =>
  within([], async (shop) => {
    await shop.world.kube.apply(member('good'), member('other'))
    const told = await says(shop, 'good', 'Accepted=True Accepted', 'Programmed=True Programmed')
    const ingress = await shop.world.kube.get<{ metadata: { uid: string; generation: number } }>(
      pathOf('good'),
    )
    assert.deepEqual(told.metadata.ownerReferences, [
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        name: 'good',
        uid: ingress?.metadata.uid,
      },
    ])
    assert.equal(told.status?.group, 'group.team')
    assert.equal(told.status?.observedGeneration, ingress?.metadata.generation)
    assert.equal(told.status?.hostname, await shop.address('good'))
    const team = await eventually(async () => {
      const found = await group(shop, 'group.team')
      assert.deepEqual(conditions(found), [
        'Accepted=True Accepted',
        'Programmed=True Programmed',
        'Exposed=False NoWider',
      ])
      assert.equal(found?.status?.ruleOwners?.length, 2)
      return found
    }, limitMs)
    assert.equal(team?.status?.address, await shop.address('good'))
    assert.deepEqual(
      team?.status?.members?.map(({ namespace, name }) => `${namespace}/${name}`),
      ['shop/good', 'shop/other'],
    )
    assert.equal(
      team?.status?.plan?.steps?.every(({ result }) => result === 'done'),
      true,
    )
    assert.deepEqual(
      team?.status?.quotas?.filter(({ name }) => name === 'rules'),
      [{ name: 'rules', used: 2, limit: 100 }],
    )

    await shop.world.kube.remove(member('good'))
    await eventually(async () => assert.equal(await report(shop, 'good'), undefined), limitMs)
    await eventually(async () => {
      assert.equal((await group(shop, 'group.team'))?.status?.members?.length, 1)
    }, limitMs)
    await shop.world.kube.remove(member('other'))
    await eventually(async () => assert.equal(await group(shop, 'group.team'), undefined), limitMs)
    assert.equal(await report(shop, 'other'), undefined)
  }))

test('a held member is not accepted, says why, what to do and what is still served; the repair clears it', () =>
  within([], async (shop) => {
    await shop.world.kube.apply(member('good'), member('bad'))
    await says(shop, 'bad', 'Programmed=True Programmed')
    await annotate(shop, 'bad', { 'target-type': 'bogus' })
    const told = await says(shop, 'bad', 'Accepted=False InvalidAnnotation', 'Programmed=False Held')
    assert.deepEqual(told.status?.held, ['1 rule on port 80'])
    const [problem] = told.status?.problems ?? []
    assert.match(problem?.message ?? '', /bogus/)
    assert.match(problem?.remedy ?? '', /^Write /)
    assert.equal(told.status?.retrySeconds, undefined)
    await says(shop, 'good', 'Accepted=True Accepted', 'Programmed=True Programmed')
    await eventually(async () => {
      const team = await group(shop, 'group.team')
      assert.ok(conditions(team).includes('Accepted=False MembersHeld'))
      assert.deepEqual(
        team?.status?.members?.map(({ name, held }) => [name, held]),
        [
          ['bad', true],
          ['good', undefined],
        ],
      )
    }, limitMs)
    await annotate(shop, 'bad', { 'target-type': 'ip' })
    const mended = await says(shop, 'bad', 'Accepted=True Accepted', 'Programmed=True Programmed')
    assert.equal(mended.status?.problems, undefined)
    assert.equal(mended.status?.held, undefined)
  }))

test('what AWS is asked for in vain is tried again, and the report says how often', () =>
  within([], async (shop) => {
    await shop.world.kube.apply(member('bad', { 'listen-ports': '[{"HTTPS": 443}]' }))
    const told = await says(shop, 'bad', 'Accepted=False CertificateNotFound', 'Programmed=False NotServed')
    assert.equal(told.status?.retrySeconds, 60)
  }))

test('an Ingress that is in no group because of its mistake has a report; it goes when the Ingress is no longer ours', () =>
  within([], async (shop) => {
    await shop.world.kube.apply(member('bad', { 'group.name': 'No Name' }))
    await says(shop, 'bad', 'Accepted=False InvalidGroup', 'Programmed=False NotServed')
    await shop.world.kube.patch(pathOf('bad'), { spec: { ingressClassName: 'nginx' } })
    await annotate(shop, 'bad', { 'group.name': null })
    await shop.world.kube.apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'nginx' },
      spec: { controller: 'k8s.io/ingress-nginx' },
    })
    await eventually(async () => assert.equal(await report(shop, 'bad'), undefined), limitMs)
  }))

test('nothing is written when nothing changes, nor after a restart; what somebody takes away or changes is put back', () =>
  within([], async (shop) => {
    await shop.world.kube.apply(member('good'), member('bad', { 'target-type': 'bogus' }))
    await says(shop, 'good', 'Programmed=True Programmed')
    await says(shop, 'bad', 'Accepted=False InvalidAnnotation')
    await eventually(
      async () => assert.equal((await group(shop, 'group.team'))?.status?.ruleOwners?.length, 1),
      limitMs,
    )
    await shop.controller.idle()
    await shop.controller.stop()
    // A new process looks at the targets once; the one after it finds that told.
    const second = shop.world.controller()
    await says(shop, 'good', 'TargetsHealthy=True Healthy')
    await second.idle()
    await second.stop()
    const before = [await report(shop, 'good'), await report(shop, 'bad'), await group(shop, 'group.team')]
    const passing = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
    let again = shop.controller
    const changes = await changesDuring(shop, async () => {
      again = shop.world.controller()
      await again.idle()
      await passing(1_500)
      await again.idle()
    })
    assert.deepEqual(changes, [])
    const after = [await report(shop, 'good'), await report(shop, 'bad'), await group(shop, 'group.team')]
    assert.deepEqual(after, before)

    await shop.world.api.handle(request('DELETE', reportPath('good')))
    await says(shop, 'good', 'Programmed=True Programmed')
    await shop.world.kube.patch(`${reportPath('bad')}/status`, {
      status: { group: 'another', hostname: 'x' },
    })
    await eventually(
      async () => assert.equal((await report(shop, 'bad'))?.status?.group, 'group.team'),
      limitMs,
    )
  }))

const request = (method: string, path: string): HttpRequest => ({
  method,
  path,
  headers: { accept: 'application/json', 'content-type': 'application/json' },
  body: '',
})

test("annotations and labels on both are their users' own", () =>
  within([], async (shop) => {
    await shop.world.kube.apply(member('good'))
    await says(shop, 'good', 'Programmed=True Programmed')
    await eventually(async () => assert.ok(await group(shop, 'group.team')), limitMs)
    const metadata = { annotations: { 'albatross.dev/approve': 'x' }, labels: { team: 'a' } }
    await shop.world.kube.patch(groupPath('group.team'), { metadata })
    await shop.world.kube.patch(reportPath('good'), { metadata })
    await shop.world.kube.apply(member('more'))
    await eventually(async () => {
      const team = await group(shop, 'group.team')
      assert.equal(team?.status?.members?.length, 2)
      assert.equal(team?.metadata.annotations?.['albatross.dev/approve'], 'x')
      assert.equal(team?.metadata.labels?.['team'], 'a')
    }, limitMs)
    await annotate(shop, 'good', { 'target-type': 'bogus' })
    const told = await says(shop, 'good', 'Accepted=False InvalidAnnotation')
    assert.equal(told.metadata.annotations?.['albatross.dev/approve'], 'x')
  }))

test('without the definitions of both everything else works, one warning each; they are written once they appear', async () => {
  const shop = await openShop([], async (world) => {
    for (const plural of ['ingressreports', 'ingressgroups'])
      await world.api.handle(request('DELETE', crdPath(plural)))
  })
  const { world } = shop
  try {
    await world.kube.apply(member('good'), member('bad', { 'target-type': 'bogus' }))
    await shop.answer(await shop.address('good'), '/good', 200)
    await shop.controller.idle()
    const warned = () =>
      world.logs
        .filter(({ level, msg }) => level === 40 && msg.startsWith('not written'))
        .map((line) => String(line['resource']))
        .toSorted()
    assert.deepEqual(warned(), ['ingressgroups', 'ingressreports'])
    assert.deepEqual(
      world.logs.filter(({ level, msg }) => level > 40 || msg === 'watch failed').map(({ msg }) => msg),
      [],
    )
    await world.kube.apply(...(customResourceDefinitions() as never[]))
    await says(shop, 'good', 'Programmed=True Programmed')
    await says(shop, 'bad', 'Accepted=False InvalidAnnotation')
    await eventually(async () => assert.ok(await group(shop, 'group.team')), limitMs)
    assert.equal(warned().length, 2)
  } finally {
    await world.end()
  }
})

test("a ClusterRole that does not permit them, as ALBC's own, costs one warning each", async () => {
  const shop = await openShop([], (world) =>
    world.api.fault({ path: /albatross\.dev/, status: 403, times: Number.POSITIVE_INFINITY }),
  )
  try {
    await shop.world.kube.apply(member('good'))
    await shop.answer(await shop.address('good'), '/good', 200)
    const warned = shop.world.logs.filter(({ msg }) => msg.startsWith('not written'))
    assert.equal(warned.length, 2)
  } finally {
    await shop.world.end()
  }
})

test('permitted to look and not to write: one tries on behalf of all', async () => {
  const shop = await openShop([], (world) =>
    world.api.fault({
      method: 'PATCH',
      path: /albatross\.dev/,
      status: 403,
      times: Number.POSITIVE_INFINITY,
    }),
  )
  try {
    await shop.world.kube.apply(member('a'), member('b'), member('c'))
    await shop.answer(await shop.address('c'), '/c', 200)
    await eventually(() => {
      const warned = shop.world.logs.filter(({ msg }) => msg === 'not written: the API server refuses')
      assert.deepEqual(warned.map((line) => String(line['resource'])).toSorted(), [
        'ingressgroups',
        'ingressreports',
      ])
    }, limitMs)
  } finally {
    await shop.world.end()
  }
})

test('whose a rule is that bears no tag of ours is remembered through a restart, while a member is held', () =>
  within([], async (shop) => {
    const { world } = shop
    await world.kube.apply(member('good'), member('bad'), member('other'))
    const hostname = await shop.address('other')
    for (const name of ['good', 'bad', 'other']) await shop.answer(hostname, `/${name}`, 200)
    const recorded = () =>
      eventually(
        async () => assert.equal((await group(shop, 'group.team'))?.status?.ruleOwners?.length, 3),
        limitMs,
      )
    await recorded()
    await shop.controller.stop()
    // As ALBC leaves them; the next controller takes them over.
    for (const tags of world.account.tags.values()) tags.delete('albatross.dev/ingress')
    const second = world.controller()
    await second.idle()
    await recorded()
    await second.stop()

    await annotate(shop, 'bad', { 'target-type': 'bogus' })
    await world.kube.remove(member('other'))
    world.controller()
    await eventually(async () => assert.equal(await world.kube.get(pathOf('other')), undefined), limitMs)
    await shop.answer(hostname, '/other', 404)
    await shop.answer(hostname, '/bad', 200)
    await shop.answer(hostname, '/good', 200)
    await says(shop, 'bad', 'Accepted=False InvalidAnnotation', 'Programmed=False Held')
  }))

test('who leaves waits for nobody whose name begins as its own does', () =>
  within([], async (shop) => {
    await shop.world.kube.apply(member('web'), member('web-api'))
    await shop.answer(await shop.address('web-api'), '/web', 200)
    await shop.world.kube.remove(member('web'))
    await eventually(async () => assert.equal(await shop.world.kube.get(pathOf('web')), undefined), limitMs)
  }))

test('a held edit that would let fewer in is told; a class that would rather have 503 answered gets that', () =>
  within([], async (shop) => {
    const { world } = shop
    await world.kube.apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'strict', annotations: { 'albatross.dev/when-exposed': '503' } },
      spec: { controller: 'ingress.k8s.aws/alb' },
    })
    const strict = {
      ...member('closed'),
      spec: { ...(member('closed').spec as object), ingressClassName: 'strict' },
    }
    await world.kube.apply(member('open'), strict)
    const hostname = await shop.address('closed')
    for (const name of ['open', 'closed']) await shop.answer(hostname, `/${name}`, 200)
    const onlyFrom = (values: readonly string[]): string =>
      JSON.stringify([{ field: 'source-ip', sourceIPConfig: { values } }])
    for (const name of ['open', 'closed'])
      await annotate(shop, name, { 'conditions.web': onlyFrom(['203.0.113.0/24']), 'target-type': 'bogus' })
    await says(shop, 'open', 'Exposed=True HeldEditWouldLetFewerIn')
    await says(shop, 'closed', 'Exposed=False Closed', 'Programmed=False Held')
    await shop.answer(hostname, '/open', 200)
    await shop.answer(hostname, '/closed', 503)
    for (const name of ['open', 'closed']) await annotate(shop, name, { 'target-type': 'ip' })
    await shop.answer(hostname, '/closed', 200)
    for (const name of ['open', 'closed'])
      await says(shop, name, 'Exposed=False AsStated', 'Programmed=True Programmed')
  }))
