/** Facts that few groups ask for: a refusal concerns only those, and is part of the answer. */
import type { Needs } from '../model/desired.ts'
import type { Facts } from '../model/facts.ts'
import { readShieldSubscribed, readWebAcls } from './add-on.ts'
import { kept } from './kept.ts'
import type { Reader } from './read.ts'

export type FewNeeds = Pick<Needs, 'webAcls' | 'shieldSubscribed'>
export type FewFacts = Pick<Facts, 'webAcls' | 'shieldSubscribed'>

/** ALBC's own. */
const webAclsKeptMs = 60 * 60_000
const subscriptionKeptMs = 2 * 60 * 60_000

export function createFewReader(): {
  read(needs: FewNeeds, reader: Reader): Promise<FewFacts>
  forget(olderThanMs: number): void
} {
  const webAcls = kept(webAclsKeptMs, readWebAcls)
  const subscription = kept(subscriptionKeptMs, readShieldSubscribed)
  return {
    read: async (needs, reader) => ({
      ...(needs.webAcls ? { webAcls: await webAcls.get(reader) } : {}),
      ...(needs.shieldSubscribed ? { shieldSubscribed: await subscription.get(reader) } : {}),
    }),
    forget: (olderThanMs) => webAcls.forget(olderThanMs),
  }
}
