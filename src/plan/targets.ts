/**
 * Who is registered in the target group of one binding: those on their way out leave at once, new ones come in, then the
 * rest of the old ones go. The last that answer stay until others do, unless the cluster says that nobody is left.
 */
import type { Target } from '../model/actual.ts'
import { chunks } from '../lib/chunks.ts'
import { byText, draft, step, type Draft } from './draft.ts'
import type { Step, TargetAddress } from './step.ts'

export type TargetsInput = {
  readonly targetGroup: string
  /** Key of the binding. */
  readonly binding: string
  readonly wanted: readonly TargetAddress[]
  readonly registered: readonly Target[]
  /** None is wanted for a good reason (scaled to zero); else the last ones stay. */
  readonly emptyObeyed: boolean
  /** Terminating: deregistered ahead of everything else. */
  readonly leaving?: readonly TargetAddress[]
  /** Stay as they are, registered or not. */
  readonly unsure?: readonly TargetAddress[]
  /** Where clusters share the target group: those that are ours to take out. */
  readonly ours?: readonly TargetAddress[]
  /** Most targets that may be registered; 0: no limit. */
  readonly most?: number
  /** Keys of targets that AWS did not take a moment ago. */
  readonly refused?: ReadonlySet<string>
  /** Fewer than a call takes: so many are tried, and no others. */
  readonly perCall?: number
}
/** `left`: wanted, and without room. */
export type TargetsPlan = Draft & {
  readonly left: number
  readonly leaving: number
  readonly missing: number
  /** Some that come in are still draining: AWS may not take them yet. */
  readonly overDraining: boolean
}

export const mostPerCall = 200
export const targetKey = ({ id, port }: { readonly id: string; readonly port: number }): string =>
  `${id}:${port}`
const none: ReadonlySet<string> = new Set()
const byKey = (a: TargetAddress, b: TargetAddress): number => byText(a.id, b.id) || a.port - b.port

export function planTargets(input: TargetsInput): TargetsPlan {
  const { targetGroup, binding, wanted, most = 0 } = input
  const { missing, incoming, surplus, staying, held } = sortOut(input)
  const leavingKeys = new Set((input.leaving ?? []).map(targetKey))
  const isLeaving = (target: TargetAddress): boolean => leavingKeys.has(targetKey(target))
  const going = held === undefined ? surplus : []
  // Someone must be there when they have gone, if anyone is to come.
  const first = staying > 0 || missing.length === 0 ? going.filter(isLeaving) : []
  const rest = going.filter((target) => !first.includes(target))
  // Without room the old ones make place for the new, half of them at a time.
  const last =
    staying === 0 && incoming.length < missing.length ? rest.slice(0, Math.ceil(rest.length / 2)) : rest
  const of = { targetGroup, owner: binding }
  const gone = deregister(of, first, 'terminating', [])
  const register = chunks(incoming, mostPerCall).map((targets, at) =>
    step(
      { call: 'RegisterTargets', targetGroup, targets: targets.map(address) },
      { key: `${targetGroup}#${at}`, reason: 'endpoints not registered', impact: 'none', owner: binding },
    ),
  )
  // Where others stay, a refusal of the new ones is no reason to keep the old.
  const after = staying > 0 ? [] : register.map(({ id }) => id)
  return {
    ...draft({
      steps: [...gone, ...register, ...deregister(of, last, 'no endpoint any more', after)],
      holds: held === undefined ? [] : [{ ingress: binding, what: `targets, since ${held}` }],
    }),
    left: Math.max(0, most > 0 ? wanted.length - most : 0),
    leaving: first.length,
    missing: incoming.length,
    overDraining: input.registered.some(
      (target) => target.state === 'draining' && incoming.some((one) => targetKey(one) === targetKey(target)),
    ),
  }
}

type Sorted = {
  /** Wanted and not there. */
  readonly missing: readonly TargetAddress[]
  /** Of those, who is registered now. */
  readonly incoming: readonly TargetAddress[]
  /** There and not wanted. */
  readonly surplus: readonly TargetAddress[]
  /** How many are there and stay. */
  readonly staying: number
  /** Why nobody is to go, where that is so. */
  readonly held: string | undefined
}

function sortOut(input: TargetsInput): Sorted {
  const { wanted, most = 0, refused = none, perCall = mostPerCall } = input
  // A draining target is as good as absent.
  const present = input.registered.filter(({ state }) => state !== 'draining')
  const missing = difference(wanted, present)
  const able = missing.filter((target) => !refused.has(targetKey(target)))
  const surplus = surplusOf(input, present)
  const staying = present.length - surplus.length
  const room = most > 0 ? Math.max(0, most - present.length) : missing.length
  return {
    missing,
    incoming: able.slice(0, perCall < mostPerCall ? Math.min(room, perCall) : room),
    surplus,
    staying,
    held: surplus.length === 0 ? undefined : whyHeld(input, { missing, able, staying }),
  }
}

function whyHeld(
  { wanted, emptyObeyed }: TargetsInput,
  {
    missing,
    able,
    staying,
  }: {
    readonly missing: readonly TargetAddress[]
    readonly able: readonly TargetAddress[]
    readonly staying: number
  },
): string | undefined {
  if (wanted.length === 0) return emptyObeyed ? undefined : 'no endpoint is known'
  return staying === 0 && missing.length > 0 && able.length === 0 ? 'AWS takes no others' : undefined
}

function surplusOf(input: TargetsInput, present: readonly Target[]): TargetAddress[] {
  const ours = input.ours && new Set(input.ours.map(targetKey))
  return difference(present, [...input.wanted, ...(input.unsure ?? [])])
    .filter((target) => !ours || ours.has(targetKey(target)))
    .map(address)
}

function deregister(
  { targetGroup, owner }: { readonly targetGroup: string; readonly owner: string },
  targets: readonly TargetAddress[],
  reason: string,
  after: readonly string[],
): Step[] {
  return chunks(targets, mostPerCall).map((some, at) =>
    step(
      { call: 'DeregisterTargets', targetGroup, targets: some },
      { key: `${targetGroup}#${reason}#${at}`, reason, impact: 'in place', owner, after },
    ),
  )
}

const address = ({ id, port, availabilityZone }: TargetAddress): TargetAddress => ({
  id,
  port,
  ...(availabilityZone === undefined ? {} : { availabilityZone }),
})

function difference<T extends TargetAddress>(all: readonly T[], others: readonly TargetAddress[]): T[] {
  const known = new Set(others.map(targetKey))
  const left = new Map(all.filter((one) => !known.has(targetKey(one))).map((one) => [targetKey(one), one]))
  return [...left.values()].sort(byKey)
}
