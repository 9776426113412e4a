/** Stacks of which the mirror may be wrong since a write failed, and what a read must show before they are sure again. */

/** What a create whose outcome is unknown would have made. */
export type Awaited =
  | { readonly kind: 'loadBalancer' | 'targetGroup' | 'securityGroup'; readonly name: string }
  | { readonly kind: 'certificate'; readonly id: string }
  | { readonly kind: 'listener'; readonly loadBalancer: string; readonly port: number }
  | { readonly kind: 'rule'; readonly listener: string; readonly priority: number }

export type Doubt = {
  readonly why: string
  /** ARNs and ids of which our knowledge is in doubt. */
  readonly suspects: ReadonlySet<string>
  readonly awaited: readonly Awaited[]
  /** When a read first lacked a suspect or something awaited. */
  readonly absentAt?: number
}

/** One read that lacks something proves nothing: AWS may be late. A second one this much later does. */
const absenceMs = 10_000

/** Two doubts about one stack: all suspects, and absence counted anew. */
export const combined = (old: Doubt | undefined, added: Doubt): Doubt => ({
  why: added.why,
  suspects: new Set([...(old?.suspects ?? []), ...added.suspects]),
  awaited: [...(old?.awaited ?? []), ...added.awaited],
})

/** After a read that began at `beganAt`: no doubt any more, or how long until the read that will settle it. */
export function afterRead(
  doubt: Doubt,
  missing: boolean,
  beganAt: number,
): { readonly doubt?: Doubt; readonly afterMs: number } {
  if (!missing) return { afterMs: 0 }
  const { absentAt = beganAt } = doubt
  return beganAt - absentAt >= absenceMs
    ? { afterMs: 0 }
    : { doubt: { ...doubt, absentAt }, afterMs: absentAt + absenceMs - beganAt }
}
