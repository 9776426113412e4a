import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Manifest } from '../../localstack/scenario/manifest.ts'
import { eventually } from '../world.ts'
import { annotate, member, onlyNewWarning, openShop, pathOf, type Shop } from './shop.ts'

const limitMs = 20_000

/** Rules of all listeners with their conditions and actions, by whose they are. */
function rulesOf({ world: { account } }: Shop, owner: string): readonly unknown[] {
  return [...account.rules.values()]
    .filter(({ arn }) => account.tags.get(arn)?.get('albatross.dev/ingress') === `shop/${owner}`)
    .map(({ wire }) => wire)
}
const edit = (shop: Shop, name: string, paths: readonly string[]): Promise<void> =>
  shop.world.kube.patch(pathOf(name), { spec: member(name, {}, paths).spec })

/** A member that answers by itself. */
function greeting(name: string): Manifest {
  const backend = { service: { name: 'hello', port: { name: 'use-annotation' } } }
  const path = { path: `/${name}`, pathType: 'Prefix', backend }
  const config = { contentType: 'text/plain', statusCode: '200', messageBody: name }
  const hello = JSON.stringify({ type: 'fixed-response', fixedResponseConfig: config })
  const one = member(name, { 'actions.hello': hello })
  return { ...one, spec: { ingressClassName: 'alb', rules: [{ http: { paths: [path] } }] } }
}

/** Runs with a shop, and closes it. */
async function within(flags: readonly string[], run: (shop: Shop) => Promise<void>): Promise<void> {
  const shop = await openShop(flags)
  try {
    await run(shop)
  } finally {
    await shop.world.end()
  }
}

test('while a member is held its rules stand untouched, an edit of another is served, and the repair works', () =>
  within([], async (shop) => {
    await shop.world.kube.apply(member('good'), member('bad'))
    const hostname = await shop.address('good')
    await shop.answer(hostname, '/good', 200)
    await shop.answer(hostname, '/bad', 200)
    await shop.controller.idle()
    const rules = rulesOf(shop, 'bad')
    assert.equal(rules.length, 1)
    const address = await shop.address('bad')

    const known = await shop.warnings()
    await annotate(shop, 'bad', { 'target-type': 'bogus' })
    await edit(shop, 'bad', ['/other'])
    await onlyNewWarning(shop, known)
    await edit(shop, 'good', ['/better'])
    await shop.answer(hostname, '/better', 200)
    await shop.answer(hostname, '/good', 404)
    await shop.answer(hostname, '/bad', 200)
    await shop.controller.idle()
    assert.deepEqual(rulesOf(shop, 'bad'), rules)
    assert.equal(await shop.address('bad'), address)

    await annotate(shop, 'bad', { 'target-type': 'ip' })
    await shop.answer(hostname, '/other', 200)
    await shop.answer(hostname, '/bad', 404)
    await shop.answer(hostname, '/better', 200)
  }))

test('pods of a held member are followed', () =>
  within([], async (shop) => {
    await shop.world.kube.apply(member('good'), member('bad'))
    const hostname = await shop.address('bad')
    await shop.answer(hostname, '/bad', 200)
    const known = await shop.warnings()
    await annotate(shop, 'bad', { 'target-type': 'bogus' })
    await onlyNewWarning(shop, known)
    const since = shop.now()
    await shop.world.kube.patch('/apis/apps/v1/namespaces/shop/deployments/web', { spec: { replicas: 3 } })
    await eventually(() => {
      const registered = [...shop.world.account.targetGroups.values()].map(({ targets }) => targets.size)
      assert.deepEqual(registered, [3, 3])
    }, limitMs)
    assert.deepEqual([...new Set(shop.writes(since))], ['RegisterTargets'])
  }))

test('one typo in a group of twenty: one event in all, and no write', () =>
  within([], async (shop) => {
    const names = Array.from({ length: 20 }, (_, index) => `m${String(index + 1).padStart(2, '0')}`)
    // One with a target group; AWS lets nobody make twenty at once.
    await shop.world.kube.apply(...names.map((name) => (name === 'm07' ? member(name) : greeting(name))))
    const hostname = await shop.address('m20')
    for (const name of names) await shop.answer(hostname, `/${name}`, 200)
    await shop.controller.idle()
    const known = await shop.warnings()
    const since = shop.now()
    await annotate(shop, 'm07', { 'healthcheck-timeout-seconds': 'five' })
    const event = await onlyNewWarning(shop, known)
    assert.equal(event.involvedObject.name, 'm07')
    assert.match(event.message, /healthcheck-timeout-seconds: five.*Write a whole number/)
    assert.deepEqual(shop.writes(since), [])
    await annotate(shop, 'm07', { 'healthcheck-timeout-seconds': '4' })
    await eventually(() => assert.deepEqual(shop.writes(since), ['ModifyTargetGroup']), limitMs)
    await shop.controller.idle()
    assert.deepEqual(shop.writes(since), ['ModifyTargetGroup'])
    assert.equal((await shop.warnings()).length, known.length + 1)
  }))

test('a bad member that is deleted takes its rules with it, and holds nothing any more', () =>
  within([], async (shop) => {
    await shop.world.kube.apply(member('good'), member('bad'))
    const hostname = await shop.address('bad')
    await shop.answer(hostname, '/bad', 200)
    const known = await shop.warnings()
    await annotate(shop, 'bad', { scheme: 'public' })
    await onlyNewWarning(shop, known)
    await shop.world.kube.remove(member('bad'))
    await eventually(async () => assert.equal(await shop.world.kube.get(pathOf('bad')), undefined), limitMs)
    await shop.answer(hostname, '/bad', 404)
    await shop.answer(hostname, '/good', 200)
    assert.deepEqual(rulesOf(shop, 'bad'), [])
    assert.equal(shop.world.account.targetGroups.size, 1)
  }))

test('a class that becomes unknown holds the member in the group whose finalizer it bears', () =>
  within([], async (shop) => {
    await shop.world.kube.apply(member('good'), member('bad'))
    const hostname = await shop.address('bad')
    await shop.answer(hostname, '/bad', 200)
    await shop.controller.idle()
    const known = await shop.warnings()
    const since = shop.now()
    await shop.world.kube.patch(pathOf('bad'), { spec: { ingressClassName: 'gone' } })
    const event = await onlyNewWarning(shop, known)
    assert.match(event.message, /"gone" not found\. Create IngressClass gone, or name one that exists/)
    assert.deepEqual(shop.writes(since), [])
    await shop.answer(hostname, '/bad', 200)
  }))

test('strict: one typo freezes its whole group, and the repair lets it go on', () =>
  within(['--group-failure=strict'], async (shop) => {
    await shop.world.kube.apply(member('good'), member('bad'))
    const hostname = await shop.address('good')
    await shop.answer(hostname, '/good', 200)
    await shop.answer(hostname, '/bad', 200)
    await shop.controller.idle()
    const known = await shop.warnings()
    const since = shop.now()
    await annotate(shop, 'bad', { 'target-type': 'bogus' })
    await onlyNewWarning(shop, known)
    await edit(shop, 'good', ['/better'])
    await eventually(async () => {
      const found = await shop.world.kube.get<{ metadata: { generation: number } }>(pathOf('good'))
      assert.equal(found?.metadata.generation, 2)
    })
    await shop.controller.idle()
    assert.deepEqual(shop.writes(since), [])
    await shop.answer(hostname, '/good', 200)
    await annotate(shop, 'bad', { 'target-type': 'ip' })
    await shop.answer(hostname, '/better', 200)
  }))

test('who moves to another group is served by the old one until the new one does, also where that takes a repair', () =>
  within([], async (shop) => {
    await shop.world.kube.apply(member('good'), member('moving'))
    const before = await shop.address('moving')
    await shop.answer(before, '/moving', 200)
    await shop.controller.idle()
    const rules = rulesOf(shop, 'moving')
    const known = await shop.warnings()
    await annotate(shop, 'moving', { 'group.name': 'other', 'target-type': 'bogus' })
    await onlyNewWarning(shop, known)
    await edit(shop, 'good', ['/better'])
    await shop.answer(before, '/better', 200)
    assert.equal((await shop.world.request(before, '/moving')).status, 200)
    assert.deepEqual(rulesOf(shop, 'moving'), rules)
    assert.equal(await shop.address('moving'), before)

    let failures = 0
    let on = true
    const load = (async () => {
      for (; on; await new Promise((resolve) => setTimeout(resolve, 5))) {
        const hostname = await shop.address('moving')
        const { status } = await shop.world.request(hostname, '/moving').catch(() => ({ status: 0 }))
        if (status !== 200 && (await shop.address('moving')) === hostname) failures += 1
      }
    })()
    await annotate(shop, 'moving', { 'target-type': 'ip' })
    await eventually(async () => assert.notEqual(await shop.address('moving'), before), limitMs)
    await shop.answer(before, '/moving', 404)
    on = false
    await load
    assert.equal(failures, 0)
    await shop.answer(await shop.address('moving'), '/moving', 200)
    await shop.answer(before, '/better', 200)
    await eventually(async () => {
      const { metadata } = (await shop.world.kube.get<{ metadata: { finalizers: string[] } }>(
        pathOf('moving'),
      )) ?? { metadata: { finalizers: [] } }
      assert.deepEqual(metadata.finalizers, ['group.ingress.k8s.aws/other'])
    }, limitMs)
  }))
