/** Who is registered in the target group of one binding: new ones in first, then old ones out. */
import type { Target } from '../model/actual.ts'
import { byText, chunks, draft, step, type Draft } from './draft.ts'
import type { TargetAddress } from './step.ts'

export type TargetsInput = {
  readonly targetGroup: string
  /** Key of the binding. */
  readonly binding: string
  readonly wanted: readonly TargetAddress[]
  readonly registered: readonly Target[]
  /** None is wanted for a good reason (Service deleted, scaled to zero); else the last ones stay. */
  readonly emptyObeyed: boolean
  /** Where clusters share the target group: those that are ours to take out. */
  readonly ours?: readonly TargetAddress[]
}

const batch = 200
const keyOf = ({ id, port }: TargetAddress): string => `${id}:${port}`
const byKey = (a: TargetAddress, b: TargetAddress): number => byText(a.id, b.id) || a.port - b.port

export function planTargets(input: TargetsInput): Draft {
  const { targetGroup, binding } = input
  // A draining target is as good as absent.
  const present = input.registered.filter(({ state }) => state !== 'draining')
  const missing = difference(input.wanted, present)
  const ours = input.ours && new Set(input.ours.map(keyOf))
  const surplus = difference(present, input.wanted)
    .filter((target) => !ours || ours.has(keyOf(target)))
    .map(({ id, port, availabilityZone }) => address({ id, port, availabilityZone }))
  const kept = input.wanted.length === 0 && surplus.length > 0 && !input.emptyObeyed
  const register = chunks(missing, batch).map((targets, at) =>
    step(
      { call: 'RegisterTargets', targetGroup, targets: targets.map(address) },
      { key: `${targetGroup}#${at}`, reason: 'endpoints not registered', impact: 'none', owner: binding },
    ),
  )
  const after = register.map(({ id }) => id)
  const deregister = chunks(kept ? [] : surplus, batch).map((targets, at) =>
    step(
      { call: 'DeregisterTargets', targetGroup, targets },
      {
        key: `${targetGroup}#${at}`,
        reason: 'no endpoint any more',
        impact: 'in place',
        owner: binding,
        after,
      },
    ),
  )
  const holds = kept ? [{ ingress: binding, what: 'targets, since no endpoint is known' }] : []
  return draft({ steps: [...register, ...deregister], holds })
}

const address = ({
  id,
  port,
  availabilityZone,
}: Omit<TargetAddress, 'availabilityZone'> & {
  readonly availabilityZone?: string | undefined
}): TargetAddress => ({ id, port, ...(availabilityZone === undefined ? {} : { availabilityZone }) })

function difference<T extends TargetAddress>(all: readonly T[], others: readonly TargetAddress[]): T[] {
  const known = new Set(others.map(keyOf))
  const left = new Map(all.filter((one) => !known.has(keyOf(one))).map((one) => [keyOf(one), one]))
  return [...left.values()].sort(byKey)
}
