/** Addresses that pods leave go to the next pods at once, of the same Service and of another: nobody gets the other's requests. */
import assert from 'node:assert/strict'
import { podsOf } from '../end-to-end/pods-fixture.ts'
import { type Figures, play } from './play.ts'

export const reused = (): Promise<Figures> =>
  play(async ({ world, open, needed, bring, load, figures }) => {
    await open('web')
    await open('other')
    const preStop = await needed('web')
    await needed('other')
    const app = { replicas: 8, preStop, exits: true, maxSurge: '50%' }
    const both = (version: string): Promise<unknown> =>
      Promise.all(['web', 'other'].map((name) => bring(name, { ...app, version }, 'gated')))
    await both('one')
    const addresses = async (name: string): Promise<readonly string[]> =>
      (await podsOf(world.kube, name)).map(({ status }) => status?.podIP ?? '')
    const before = { web: await addresses('web'), other: await addresses('other') }
    await load('web')
    await load('other')
    // A free address rests until all others had their turn; here the lowest free one is next.
    const restless = setInterval(() => world.account.lastAddress.clear(), 20)
    try {
      for (const version of ['two', 'three']) await both(version)
    } finally {
      clearInterval(restless)
    }
    const after = { web: await addresses('web'), other: await addresses('other') }
    const taken = (now: readonly string[], then: readonly string[]): number =>
      now.filter((ip) => then.includes(ip)).length
    const changed = taken(after.web, before.other) + taken(after.other, before.web)
    const kept = taken(after.web, before.web) + taken(after.other, before.other)
    assert.ok(changed > 0, 'no address went from one Service to the other')
    return await figures(
      `addresses of pods go to those of another Service, preStop ${preStop} s`,
      `${changed} addresses changed Service, ${kept} came back to their own`,
    )
  })
