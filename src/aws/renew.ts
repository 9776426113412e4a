/** Credentials and clocks that AWS refuses: got anew, or set right, so that the call that met it can be made again. */
import type { AwsError } from '../model/aws-error.ts'

type Identity = { readonly accessKeyId: string; readonly sessionToken?: string }
/** The SDK's own, of which `forceRefresh` forgets what it keeps. */
export type Provider = (options?: { forceRefresh?: boolean }) => Promise<Identity>

/** Refusals of who asks, not of what is asked; without "Exception". */
const stale = new Set([
  'ExpiredToken',
  'RequestExpired',
  'InvalidClientTokenId',
  'UnrecognizedClient',
  'AuthFailure',
])

/** They may have ended before the time they bore, or been taken back. */
export const isStale = ({ kind, code }: AwsError): boolean =>
  kind === 'denied' && stale.has(code.replace(/Exception$/, ''))

/** The SDK has taken the time from the refusal, and signs by that from now on. */
export const isClockCorrected = (thrown: unknown): boolean =>
  (thrown as { $metadata?: { clockSkewCorrected?: boolean } } | null)?.$metadata?.clockSkewCorrected === true

/** AWS and its endpoints for credentials are spared, when new ones are refused as well. */
const leastMs = 5_000

/** Says whether there are other credentials than those that a call, begun at `sinceMs` (monotonic), was signed with. */
export type Renew = (sinceMs: number) => Promise<boolean>

export function createRenewal(provider: Provider): Renew {
  let renewedMs = -Infinity
  let running: Promise<boolean> | undefined
  const renew = async (): Promise<boolean> => {
    try {
      const before = await provider()
      const after = await provider({ forceRefresh: true })
      return before.accessKeyId !== after.accessKeyId || before.sessionToken !== after.sessionToken
    } catch {
      // What is wrong with them is told by the next call, which fails for it.
      return false
    }
  }
  return async (sinceMs) => {
    if (running !== undefined) return await running
    if (renewedMs >= sinceMs) return true
    if (performance.now() - renewedMs < leastMs) return false
    running = renew()
    const renewed = await running
    running = undefined
    if (renewed) renewedMs = performance.now()
    return renewed
  }
}
