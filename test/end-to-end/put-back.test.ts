import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ingress, service } from '../../localstack/scenario/manifest.ts'
import { eventually, type TestWorld } from '../world.ts'
import { openShop } from './shop.ts'

const limitMs = 20_000

type Call = { readonly action: string; readonly input?: unknown; readonly error?: unknown }
/** What each CreateRule found in the target groups that it leads to: whether all had been taken out of one and none put in. */
function intoEmptied(calls: readonly Call[]): readonly string[] {
  const emptied = new Set<string>()
  const found: string[] = []
  for (const { action, input } of calls.filter(({ error }) => error === undefined)) {
    const { TargetGroupArn = '', Actions = [] } = input as {
      TargetGroupArn?: string
      Actions?: { ForwardConfig?: { TargetGroups?: { TargetGroupArn: string }[] }; TargetGroupArn?: string }[]
    }
    if (action === 'DeregisterTargets') emptied.add(TargetGroupArn)
    if (action === 'RegisterTargets') emptied.delete(TargetGroupArn)
    if (action !== 'CreateRule') continue
    const named = Actions.flatMap((one) => [
      one.TargetGroupArn ?? '',
      ...(one.ForwardConfig?.TargetGroups ?? []).map((group) => group.TargetGroupArn),
    ])
    found.push(...named.filter((arn) => emptied.has(arn)))
  }
  return found
}

/** On a real API server a finalizer takes its time. */
function slowToLetGo({ api }: TestWorld): void {
  const { handle } = api
  const slow: typeof handle = async (request) => {
    if (request.method === 'PATCH' && request.path.includes('/targetgroupbindings/'))
      await new Promise((resolve) => setTimeout(resolve, 150))
    return handle(request)
  }
  Object.assign(api, { handle: slow })
}

const kept = { path: '/kept', service: 'other', port: 80 }
const flips = (...more: readonly { path: string; service: string; port: number }[]) =>
  ingress('flips', {
    namespace: 'shop',
    class: 'alb',
    annotations: { 'target-type': 'ip', scheme: 'internet-facing' },
    paths: [kept, ...more],
  })
const whole = flips({ path: '/flips', service: 'web', port: 80 })

test('a path that is taken out and put back at once: no rule leads to the target group while it is emptied', async () => {
  const shop = await openShop([], slowToLetGo)
  try {
    const { kube } = shop.world
    await kube.apply(service('other', { namespace: 'shop', port: 80, targetPort: 8080 }), whole)
    const hostname = await shop.address('flips')
    await shop.answer(hostname, '/flips', 200)
    for (let i = 0; i < 3; i += 1) {
      const since = shop.now()
      await kube.apply(flips())
      await eventually(() => assert.ok(shop.writes(since).includes('DeleteRule')), limitMs)
      await kube.apply(whole)
      await shop.answer(hostname, '/flips', 200)
      await shop.controller.idle()
    }
    const calls = shop.world.cloud.journal.since()
    assert.ok(calls.some(({ action }) => action === 'DeregisterTargets'))
    assert.deepEqual(intoEmptied(calls), [])
  } finally {
    await shop.world.end()
  }
})
