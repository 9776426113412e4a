/** A token bucket on the monotonic reading that its caller gives. */
export type TokenBucket = { take(nowMs: number): boolean }

export function tokenBucket(burst: number, refillMs: number): TokenBucket {
  let tokens = burst
  let since: number | undefined
  return {
    take: (nowMs) => {
      tokens = Math.min(burst, tokens + (since === undefined ? 0 : (nowMs - since) / refillMs))
      since = nowMs
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}
