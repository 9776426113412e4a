/** Conditions as metav1 has them: the moment of the last change of status is kept for as long as the status is. */

export type Condition = {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly observedGeneration?: number
  readonly lastTransitionTime: string
  readonly reason: string
  readonly message: string
}
export type Told = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

/** Enough to say what is wrong; the API server takes 32,768. */
const longest = 2_000

/** `now`: RFC 3339, whole seconds. */
export const conditionsOf = (
  told: readonly Told[],
  before: readonly Condition[] | undefined,
  { now, generation }: { readonly now: string; readonly generation?: number | undefined },
): readonly Condition[] =>
  told.map(({ type, status, reason, message }) => {
    const old = before?.find((one) => one.type === type)
    return {
      type,
      status,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      lastTransitionTime: old?.status === status ? old.lastTransitionTime : now,
      reason,
      message: message.length > longest ? `${message.slice(0, longest - 1)}…` : message,
    }
  })

/** Enough to go on with; there may be a thousand. */
export const some = (texts: readonly string[], most = 5): string =>
  texts.length > most
    ? `${texts.slice(0, most).join(', ')} and ${texts.length - most} more`
    : texts.join(', ')
