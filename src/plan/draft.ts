/** A piece of a plan while it is put together, and the one way to make a step. */
import type { IngressKey } from '../model/choice.ts'
import type { Problem } from '../model/problem.ts'
import { refKey } from '../model/ref.ts'
import type { Call, Hold, Impact, Name, Plan, Step, Wait } from './step.ts'

export type Draft = {
  readonly steps: readonly Step[]
  readonly waits: readonly Wait[]
  readonly holds: readonly Hold[]
  readonly problems: readonly Problem[]
  readonly owned: NonNullable<Plan['owned']>
  readonly exposed: NonNullable<Plan['exposed']>
}

const nothing: Draft = { steps: [], waits: [], holds: [], problems: [], owned: [], exposed: [] }

export const draft = (parts: Partial<Draft>): Draft => ({ ...nothing, ...parts })

export const join = (drafts: readonly Draft[]): Draft => ({
  steps: drafts.flatMap(({ steps }) => steps),
  waits: drafts.flatMap(({ waits }) => waits),
  holds: drafts.flatMap(({ holds }) => holds),
  problems: drafts.flatMap(({ problems }) => problems),
  owned: drafts.flatMap(({ owned }) => owned),
  exposed: drafts.flatMap(({ exposed }) => exposed),
})

/** The owner of a step that serves all members. */
export const group: IngressKey = 'group'

export type Why = {
  /** What tells this step from others of the same call: `<ref key, ARN or name>`. */
  readonly key: string
  readonly reason: string
  readonly impact: Impact
  readonly owner?: IngressKey
  readonly after?: readonly string[]
}

export const step = (call: Call, why: Why): Step => ({
  ...call,
  id: stepId(call.call, why.key),
  after: [...new Set(why.after ?? [])].sort(),
  impact: why.impact,
  owner: why.owner ?? group,
  reason: why.reason,
})

export const stepId = (call: Call['call'], key: string): string => `${call}:${key}`

export const keyOfName = (name: Name): string => (typeof name === 'string' ? name : refKey(name))

/** Orders by code point, so that plans don't depend on a locale. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
