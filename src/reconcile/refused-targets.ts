/**
 * Targets that AWS refuses keep no other from being registered: a call is refused as a whole, so those that the refusal names are
 * left out for a while, and where it names none, fewer are tried at once.
 */
import type { AwsError } from '../model/aws-error.ts'
import { keyOf, type TargetGroupBinding } from '../model/cluster.ts'
import { problemOn } from '../model/endpoint.ts'
import type { Problem } from '../model/problem.ts'
import type { Outcome, StepResult } from '../plan/outcome.ts'
import type { TargetAddress } from '../plan/step.ts'
import { mostPerCall, targetKey } from '../plan/targets.ts'
import type { Verdict } from '../watch/verdict.ts'
import type { Context } from './context.ts'
import { again, settled } from './verdict.ts'

export type RefusedTargets = {
  /** Targets of a call. */
  perCall: number
  /** Targets refused one by one since one was taken: then it is not for the targets. */
  strikes: number
  readonly targets: Map<string, { readonly id: string; readonly says: string; readonly untilMs: number }>
}

/** A node that was stopping may run again, an address be in the VPC by now. */
const restMs = 60_000
const mostStrikes = 3

/** What a plan must know of them. */
export function refusedOf(
  binding: TargetGroupBinding,
  { targets: { refused } }: Context,
): { readonly refused: ReadonlySet<string>; readonly perCall: number } {
  const known = refused.get(keyOf(binding))
  if (known === undefined) return { refused: new Set(), perCall: mostPerCall }
  for (const [key, { untilMs }] of known.targets) if (untilMs <= Date.now()) known.targets.delete(key)
  if (known.targets.size === 0 && known.perCall === mostPerCall) refused.delete(keyOf(binding))
  return { refused: new Set(known.targets.keys()), perCall: known.perCall }
}

type Failed = Extract<StepResult, { result: 'failed' }>
type Registered = Extract<StepResult['step'], { call: 'RegisterTargets' }>

const registers = ({ step }: StepResult): Registered | undefined =>
  step.call === 'RegisterTargets' ? step : undefined

/** Of the failures those that are dealt with: the rest is tried at once without them. */
export function learn(
  binding: TargetGroupBinding,
  { results }: Outcome,
  { targets: { refused } }: Context,
): readonly Failed[] {
  const known: RefusedTargets = refused.get(keyOf(binding)) ?? {
    perCall: mostPerCall,
    strikes: 0,
    targets: new Map(),
  }
  const dealtWith: Failed[] = []
  for (const one of results) {
    const step = registers(one)
    if (step === undefined) continue
    if (one.result === 'done') {
      known.perCall = Math.min(mostPerCall, known.perCall * 2)
      known.strikes = 0
    } else if (one.result === 'failed' && learnFrom(step, one.error, known)) dealtWith.push(one)
  }
  if (known.targets.size > 0 || known.perCall < mostPerCall) refused.set(keyOf(binding), known)
  return dealtWith
}

function learnFrom({ targets }: Registered, error: AwsError, known: RefusedTargets): boolean {
  if (error.kind !== 'invalid' && error.kind !== 'quota') return false
  const named = error.kind === 'invalid' ? namedIn(error.message, targets) : []
  const refuse = (some: readonly TargetAddress[]): void => {
    for (const target of some)
      known.targets.set(targetKey(target), {
        id: target.id,
        says: error.message,
        untilMs: Date.now() + restMs,
      })
  }
  if (named.length > 0) refuse(named)
  else if (targets.length > 1) known.perCall = Math.ceil(targets.length / 2)
  else if (error.kind === 'invalid' && known.strikes < mostStrikes) {
    known.strikes += 1
    refuse(targets)
  } else return false
  return true
}

function namedIn(message: string, targets: readonly TargetAddress[]): readonly TargetAddress[] {
  const words = new Set((message.match(/[\w.:-]+/g) ?? []).map((word) => word.replace(/[.:]+$/, '')))
  return targets.filter(({ id }) => words.has(id))
}

/** Told for as long as they are left out; then they are tried again. */
export function refusedNow(
  binding: TargetGroupBinding,
  wanted: readonly TargetAddress[],
  { targets: { refused } }: Context,
): { readonly problems: readonly Problem[]; readonly verdict: Verdict } {
  const known = refused.get(keyOf(binding))?.targets ?? new Map<string, never>()
  const left = wanted.flatMap((target) => known.get(targetKey(target)) ?? [])
  if (left.length === 0) return { problems: [], verdict: settled }
  const problems = [...Map.groupBy(left, ({ says }) => says)].map(([says, some]) =>
    problemOn(binding, 'warning', {
      kind: 'EndpointsUnusable',
      message: `AWS refuses ${some.map(({ id }) => id).join(', ')}: ${says}`,
      remedy: 'The others are registered. Take out what cannot be a target; it is tried again each minute.',
    }),
  )
  const next = Math.min(...left.map(({ untilMs }) => untilMs)) - Date.now()
  return { problems, verdict: again(Math.max(0, next), 'AWS refused some targets') }
}
