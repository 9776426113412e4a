/** Verdicts from what AWS or the API server refused: how soon another look is worth it. */
import type { KubeError } from '../kube/error.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { Verdict } from '../watch/verdict.ts'

export const settled: Verdict = { verdict: 'settled' }
export const again = (afterMs: number, why: string): Verdict => ({ verdict: 'again', afterMs, why })

/** What a person must mend. */
export const refusedAgainMs = 60_000

/** By kind: what passes by itself is looked at soon, what a person must mend late. */
const delays: Readonly<Record<AwsError['kind'], number>> = {
  throttled: 2_000,
  unavailable: 2_000,
  unknown: 1_000,
  notFound: 500,
  exists: 500,
  inUse: 1_000,
  quota: refusedAgainMs,
  denied: refusedAgainMs,
  invalid: refusedAgainMs,
}

/** AWS is asked again, and nobody has to do anything. */
export const passesByItself = ({ kind }: AwsError): boolean =>
  kind === 'throttled' || kind === 'unavailable' || kind === 'unknown'

export const delayOf = ({ kind }: AwsError): number => delays[kind]
export const afterAwsError = (error: AwsError): Verdict =>
  again(delayOf(error), `${error.call}: ${error.code}`)
export const afterKubeError = (error: KubeError): Verdict =>
  again(Math.max(1_000, 1_000 * (error.retryAfterSeconds ?? 0)), `${error.reason}: ${error.message}`)

/** The soonest of several. */
export function soonest(verdicts: readonly Verdict[]): Verdict {
  const times = verdicts.filter((one) => one.verdict === 'again')
  const [first] = times.sort((a, b) => a.afterMs - b.afterMs)
  return first ?? verdicts.find((one) => one.verdict === 'blocked') ?? settled
}
