/** Runs a plan: steps in their order, independent ones side by side; what failed stops its dependants only. */
import type { Aws, SendOptions } from '../aws/client.ts'
import type { CredentialsOf } from '../aws/codec/action.ts'
import type { Mirror } from '../aws/mirror.ts'
import type { Sweeper } from '../aws/sweep.ts'
import { ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import { isRef, refKey } from '../model/ref.ts'
import type { Outcome, StepResult } from '../plan/outcome.ts'
import type { Name, Plan, Step } from '../plan/step.ts'
import { actionOf, type AwsCall, type BindingCall, isBindingCall, requestsOf } from './call.ts'
import type { NameOf } from './call/request.ts'
import { afterFailure } from './failure.ts'
import { createLook, type Look } from './fresh.ts'
import { laneOf, refsOf, secretsOf } from './name.ts'
import { createRoom } from './room.ts'
import { createTurns } from './turn.ts'

export type ApplyContext = {
  readonly aws: Pick<Aws, 'send' | 'readyIn'>
  readonly mirror: Mirror
  /** Where given, listeners and rules read before a new leadership or too long ago are read again first. */
  readonly sweeper?: Pick<Sweeper, 'refresh'>
  /** Epoch milliseconds since which we are the only one who writes. */
  readonly leaderSince?: number
  readonly stillLeader: () => boolean
  /** Client ids and secrets, at the moment of writing. Absent: nobody here uses any. */
  readonly credentialsOf?: CredentialsOf
  readonly writeBinding: (call: BindingCall, nameOf: NameOf) => Promise<Result<void, AwsError>>
  /** Epoch milliseconds after which no step begins: what is left is planned again, with what changed meanwhile. */
  readonly until?: number
  /** Purpose, priority, deadline and signal of all calls. */
  readonly options: SendOptions
}

const atOnce = 4
/** Longer than this a step doesn't wait for its turn with AWS: the key waits, not the worker. */
const patienceMs = 5_000
/** WAF takes a change in two seconds: nobody else's steps wait for that. */
const wafPatienceMs = 100
/** Older knowledge of listeners and rules is read again before the first write. */
const staleMs = 30 * 60_000

export async function apply(plan: Plan, context: ApplyContext): Promise<Outcome> {
  const { steps, stack } = plan
  const results = new Map<string, StepResult>()
  const skipAll = (): Outcome => ({ results: steps.map((step) => ({ step, result: 'skipped' })) })
  if (context.mirror.doubt(stack) !== undefined) return skipAll()
  if ((await isStale(plan, context)) !== false) return skipAll()

  const look = createLook({ aws: context.aws, options: context.options }, context.mirror, steps)
  const lanes = new Map(steps.map((step) => [step.id, laneOf(step, keyIn(context.mirror))]))
  const laneIn = ({ id }: Pick<Step, 'id'>): string => lanes.get(id) ?? ''
  const room = createRoom(keyIn(context.mirror))
  const turns = createTurns(steps, laneIn)
  const running = new Map<string, Promise<void>>()
  const end = (result: StepResult): void => {
    results.set(result.step.id, result)
    room.note(result)
  }
  const start = (step: Step): void => {
    const done = run(step, stack, context, look).then((result) => {
      end(result)
      running.delete(step.id)
    })
    running.set(step.id, done)
  }
  for (;;) {
    const waiting = steps.filter(({ id }) => !results.has(id) && !running.has(id))
    for (const step of waiting)
      if (step.after.some((id) => results.has(id) && results.get(id)?.result !== 'done'))
        results.set(step.id, { step, result: 'skipped' })
    const busyLanes = new Set([...running.keys()].map((id) => laneIn({ id })))
    const isDone = (id: string): boolean => results.get(id)?.result === 'done'
    const able = turns.able(
      waiting.filter(({ id }) => !results.has(id)),
      { busyLanes, isDone },
    )
    for (const step of able) {
      if (running.size >= atOnce) break
      if (busyLanes.has(laneIn(step))) continue
      // Where AWS takes one at a time, whoever comes next would take the turn of what comes first then.
      if (running.size > 0 && !isBindingCall(step) && context.aws.readyIn(actionOf(step)) > 0) continue
      busyLanes.add(laneIn(step))
      const error = room.refusal(step)
      if (error) end({ step, result: 'failed', error })
      else start(step)
    }
    if (running.size > 0) await Promise.race(running.values())
    else if (waiting.every(({ id }) => !results.has(id))) break
  }
  return { results: steps.map((step) => results.get(step.id) ?? { step, result: 'skipped' }) }
}

const keyIn =
  (mirror: Mirror) =>
  (name: Name): string =>
    isRef(name) ? (mirror.resolve(name) ?? refKey(name)) : name

async function isStale(plan: Plan, context: ApplyContext): Promise<boolean> {
  const { sweeper, leaderSince = 0, options } = context
  if (sweeper === undefined || plan.steps.every(isBindingCall)) return false
  const since = Math.max(leaderSince, Date.now() - staleMs)
  const refreshed = await sweeper.refresh(plan.stack, since, options)
  return !refreshed.ok || refreshed.value
}

async function run(step: Step, stack: string, context: ApplyContext, look: Look): Promise<StepResult> {
  const { mirror, until = Infinity } = context
  if (!mayGoOn(context) || Date.now() > until) return { step, result: 'skipped' }
  if (refsOf(step).some((ref) => mirror.resolve(ref) === undefined)) return { step, result: 'skipped' }
  const nameOf: NameOf = (name) => (isRef(name) ? (mirror.resolve(name) ?? '') : name)
  const done = isBindingCall(step)
    ? await context.writeBinding(step, nameOf)
    : await send(step, nameOf, context, look)
  if (done.ok) return { step, result: done.value === 'skipped' ? 'skipped' : 'done' }
  if (isBindingCall(step)) return { step, result: 'failed', error: done.error }
  return afterFailure({ step, call: step, stack, mirror, nameOf }, done.error)
}

const mayGoOn = ({ stillLeader, options }: ApplyContext): boolean =>
  stillLeader() &&
  options.signal?.aborted !== true &&
  (options.deadline === undefined || Date.now() < options.deadline)

async function send(
  call: AwsCall,
  nameOf: NameOf,
  context: ApplyContext,
  look: Look,
): Promise<Result<'done' | 'skipped', AwsError>> {
  const { aws, mirror, options } = context
  if (aws.readyIn(actionOf(call)) > ('service' in call ? wafPatienceMs : patienceMs)) return ok('skipped')
  const fresh = await look(call, nameOf)
  if (!fresh.ok) return fresh
  if (fresh.value === 'changed') return ok('skipped')
  if (fresh.value === 'gone') return goneBefore(call)
  const { credentialsOf = () => undefined } = context
  // A Secret may have vanished since the plan: the next one holds its member.
  if (secretsOf(call).some((planned) => credentialsOf(planned) === undefined)) return ok('skipped')
  for (const request of requestsOf(call, nameOf, mirror, credentialsOf)) {
    // Leadership may have ended while the look or the request before took its time.
    if (!mayGoOn(context)) return ok('skipped')
    const sent = await request.send(aws, options)
    if (!sent.ok) return sent
  }
  return ok('done')
}

/** A last look found nothing: for a delete that is what was wanted, for all else a refusal that AWS need not repeat. */
const goneBefore = (call: AwsCall): Result<never, AwsError> => ({
  ok: false,
  error: { kind: 'notFound', call: call.call, code: 'GoneBefore', message: 'it is gone' },
})
