/** The calls of a binding's pass: what is registered, and the writes of a plan. */
import { apply } from '../apply/apply.ts'
import type { Aws } from '../aws/client.ts'
import { readTargets } from '../aws/observe.ts'
import { annotateTargetGroupBinding } from '../kube/write.ts'
import { ok, type Result } from '../lib/result.ts'
import type { Target } from '../model/actual.ts'
import type { AwsError } from '../model/aws-error.ts'
import { keyOf, type TargetGroupBinding } from '../model/cluster.ts'
import type { Draft } from '../plan/draft.ts'
import type { Outcome } from '../plan/outcome.ts'
import type { Pass } from '../watch/queue.ts'
import type { Verdict } from '../watch/verdict.ts'
import { stackOf } from './bindings.ts'
import { type Context, optionsOf } from './context.ts'
import { targetsKey } from './key.ts'
import { again, settled } from './verdict.ts'

/** ALBC's memory of what it did last: wrong from our first write on, so that going back to it is safe only without. */
const checkpoints = ['elbv2.k8s.aws/checkpoint', 'elbv2.k8s.aws/checkpoint-timestamp']

/** What is registered: read once, then known by our own writes, unless they may have been for nothing. */
export async function registeredIn(
  arn: string,
  aws: Aws,
  pass: Pass,
  context: Context,
): Promise<Result<readonly Target[], AwsError>> {
  const known = context.mirror.registrations.get(arn)
  const { dueMs = never } = context.targets.drained.get(arn) ?? {}
  if (known !== undefined && Date.now() < dueMs) return ok(known)
  const read = await readTargets({ aws, options: optionsOf(pass, 'targets', context) }, context.mirror, arn)
  const before = context.targets.drained.get(arn)
  // Whether once more is known when it was planned.
  if (read.ok && before !== undefined) context.targets.drained.set(arn, { ...before, dueMs: never })
  return read
}

const never = Number.POSITIVE_INFINITY

const firstLookMs = 5_000
const mostLookMs = 60_000

/** AWS says that an address can be registered again only when it has drained; so it is looked at whether it was. */
export function lookAgain(arn: string, overDraining: boolean, { targets: { drained } }: Context): Verdict {
  const before = drained.get(arn)
  if (overDraining) {
    const everyMs = before === undefined ? firstLookMs : Math.min(mostLookMs, before.everyMs * 2)
    drained.set(arn, { dueMs: Date.now() + everyMs, everyMs })
  } else if (before?.dueMs === never) drained.delete(arn)
  const next = drained.get(arn)
  return next === undefined ? settled : again(Math.max(0, next.dueMs - Date.now()), 'targets may still drain')
}

export async function write(
  binding: TargetGroupBinding,
  draft: Draft,
  { aws, pass, context }: { readonly aws: Aws; readonly pass: Pass; readonly context: Context },
): Promise<Outcome> {
  const { steps, waits, holds, problems } = draft
  const plan = { stack: stackOf(binding) ?? '', steps, waits, holds, problems }
  if (context.observe) context.observed.tell(targetsKey(keyOf(binding)), [plan], plan.holds)
  if (steps.length === 0 || context.observe) return { results: [] }
  const marked = checkpoints.filter((name) => binding.metadata.annotations?.[name] !== undefined)
  if (marked.length > 0) {
    const unmarked = await annotateTargetGroupBinding(
      context.kube,
      binding,
      Object.fromEntries(marked.map((name) => [name, null])),
    )
    if (unmarked.ok) context.bindings.written(unmarked.value)
  }
  return await apply(plan, {
    aws,
    mirror: context.mirror,
    stillLeader: context.stillLeader,
    writeBinding: async () => ok(undefined),
    options: optionsOf(pass, 'targets', context),
  })
}
