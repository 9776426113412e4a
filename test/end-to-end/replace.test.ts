// A changed scheme, through the whole system: both addresses answer throughout, and what begins can be taken back, deleted or approved.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { eventually } from '../world.ts'
import { annotate, member, openShop, pathOf, type Shop } from './shop.ts'

const limitMs = 20_000
const graceMs = 1_500
const flags = [`--replacement-grace=${graceMs}ms`, '--replacement-patience=20s']
const internal = { scheme: 'internal' }

type Status = {
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly hostname: string }[] }
  }
}
const shownBy = async ({ world }: Shop, name: string): Promise<string | undefined> =>
  (await world.kube.get<Status>(pathOf(name)))?.status?.loadBalancer?.ingress?.[0]?.hostname

const balancers = ({ world: { account } }: Shop): string[] =>
  [...account.loadBalancers.values()]
    .map(({ arn, wire }) => `${wire.Scheme} ${account.tags.get(arn)?.get('ingress.k8s.aws/resource')}`)
    .sort()
const counts = ({ world: { account } }: Shop): readonly number[] => [
  account.loadBalancers.size,
  account.targetGroups.size,
]

type Watch = { readonly failures: readonly string[]; stop(): Promise<{ readonly requests: number }> }

/** Requests to every address that an Ingress showed, for as long as its load balancer may stay. */
function load(shop: Shop, name: string): Watch {
  const failures: string[] = []
  const until = new Map<string, number>()
  let requests = 0
  let last = ''
  let on = true
  const ask = async (hostname: string): Promise<number> => {
    try {
      return (await shop.world.request(hostname, `/${name}`)).status
    } catch {
      return 0
    }
  }
  const run = async (): Promise<void> => {
    while (on) {
      const shown = await shownBy(shop, name)
      if (shown === undefined) failures.push('the status was empty')
      else if (shown !== last) {
        // The clock of the old one starts when the status has moved.
        if (last !== '') until.set(last, Date.now() + graceMs)
        until.set(shown, Infinity)
        last = shown
      }
      for (const [hostname, end] of until) {
        const began = Date.now()
        const status = await ask(hostname)
        requests += 1
        if (status !== 200 && began < end - 50) failures.push(`${hostname}: ${status}`)
      }
      await sleep(5)
    }
  }
  const running = run()
  return {
    failures,
    stop: async () => {
      on = false
      await running
      return { requests }
    },
  }
}

async function within(run: (shop: Shop, hostname: string) => Promise<void>): Promise<void> {
  const shop = await openShop(flags)
  try {
    await shop.world.kube.apply(member('a'), member('b'))
    const hostname = await shop.address('a')
    await shop.answer(hostname, '/a', 200)
    await shop.answer(hostname, '/b', 200)
    await shop.controller.idle()
    await run(shop, hostname)
  } finally {
    await shop.world.end()
  }
}

const editBoth = async (shop: Shop, annotations: Readonly<Record<string, string | null>>): Promise<void> => {
  await annotate(shop, 'a', annotations)
  await annotate(shop, 'b', annotations)
}
const moved = (shop: Shop, from: string): Promise<string> =>
  eventually(async () => {
    const [a, b] = [await shownBy(shop, 'a'), await shownBy(shop, 'b')]
    assert.ok(a !== undefined && a !== from && a === b)
    return a
  }, limitMs)

test('both addresses answer without a failure until the old one goes; an edit in between holds at both', () =>
  within(async (shop, before) => {
    const watch = load(shop, 'a')
    await editBoth(shop, internal)
    const after = await moved(shop, before)
    assert.deepEqual(balancers(shop), ['internal LoadBalancer', 'internet-facing LoadBalancer+old'])
    await shop.world.kube.patch(pathOf('b'), { spec: member('b', {}, ['/b', '/new']).spec })
    await shop.answer(after, '/new', 200)
    await shop.answer(before, '/new', 200)
    await eventually(() => assert.deepEqual(balancers(shop), ['internal LoadBalancer']), limitMs)
    await eventually(() => assert.deepEqual(counts(shop), [1, 2]), limitMs)
    const { requests } = await watch.stop()
    assert.deepEqual(watch.failures, [])
    assert.ok(requests > 50, `${requests} requests`)
    await shop.answer(after, '/a', 200)
  }))

test('taken back after the statuses moved, the first load balancer is current again, and the other goes', () =>
  within(async (shop, before) => {
    const watch = load(shop, 'a')
    await editBoth(shop, internal)
    const after = await moved(shop, before)
    await editBoth(shop, { scheme: 'internet-facing' })
    assert.equal(await moved(shop, after), before)
    await eventually(() => assert.deepEqual(balancers(shop), ['internet-facing LoadBalancer']), limitMs)
    await eventually(() => assert.deepEqual(counts(shop), [1, 2]), limitMs)
    await watch.stop()
    assert.deepEqual(watch.failures, [])
  }))

test('deleted meanwhile, nothing is left', () =>
  within(async (shop, before) => {
    await editBoth(shop, internal)
    await moved(shop, before)
    await shop.world.kube.remove(member('a'))
    await shop.world.kube.remove(member('b'))
    await eventually(() => assert.deepEqual(counts(shop), [0, 0]), limitMs)
    await eventually(async () => assert.equal(await shop.world.kube.get(pathOf('a')), undefined), limitMs)
  }))

test('with a name of its own it waits for an approval, and then costs an outage', async () => {
  const shop = await openShop(flags)
  try {
    await shop.world.kube.apply(member('a', { 'load-balancer-name': 'mine' }))
    const before = await shop.address('a')
    await shop.answer(before, '/a', 200)
    await annotate(shop, 'a', internal)
    const message = await eventually(async () => {
      const found = (await shop.warnings()).find(({ reason }) => reason === 'ReplacementImpossible')
      assert.ok(found)
      return found.message
    }, limitMs)
    await shop.controller.idle()
    assert.deepEqual(balancers(shop), ['internet-facing LoadBalancer'])
    const [, group = '', key = '', hash = ''] =
      /annotate IngressGroup (\S+) with (\S+)=([0-9a-f]{12})@/.exec(message) ?? []
    const path = `/apis/albatross.dev/v1alpha1/ingressgroups/${group}`
    await eventually(async () => assert.ok(await shop.world.kube.get(path)), limitMs)
    const approve = (value: string) =>
      shop.world.kube.patch(path, { metadata: { annotations: { [key]: value } } })
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString()
    await approve(`000000000000@${inAnHour}`)
    await eventually(
      async () =>
        assert.ok((await shop.warnings()).some(({ message: text }) => /does not count: it names/.test(text))),
      limitMs,
    )
    assert.deepEqual(balancers(shop), ['internet-facing LoadBalancer'])
    await approve(`${hash}@${inAnHour}`)
    await eventually(() => assert.deepEqual(balancers(shop), ['internal LoadBalancer']), limitMs)
    await eventually(async () => assert.notEqual(await shownBy(shop, 'a'), before), limitMs)
    await shop.answer((await shownBy(shop, 'a')) ?? '', '/a', 200)
    assert.deepEqual(counts(shop), [1, 1])
  } finally {
    await shop.world.end()
  }
})
