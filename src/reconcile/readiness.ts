/** Pods that wait for the load balancer: their readiness gates say what health AWS reports, polled while someone waits. */
import { bounded } from '../aws/bounded.ts'
import type { Aws } from '../aws/client.ts'
import { readTargets } from '../aws/observe.ts'
import { setPodCondition } from '../kube/write.ts'
import { ok } from '../lib/result.ts'
import { type GateCondition, gateConditions, gatesOf, isTrue, nextLookAt } from '../model/readiness.ts'
import type { Pod, TargetGroupBinding } from '../model/cluster.ts'
import type { TargetSource } from '../model/endpoint.ts'
import type { Pass } from '../watch/queue.ts'
import type { Verdict } from '../watch/verdict.ts'
import { type Context, optionsOf } from './context.ts'
import { again, settled } from './verdict.ts'

type Gated = { readonly pod: Pod; readonly source: TargetSource }

const patchesAtOnce = 8
const retryMs = 2_000
/** As long as the watch may take to show a condition that we wrote. */
const toldMs = 2_000

export async function followHealth(
  binding: TargetGroupBinding,
  sources: readonly TargetSource[],
  aws: Aws,
  pass: Pass,
  context: Context,
): Promise<Verdict> {
  const arn = binding.spec.targetGroupARN ?? ''
  const { registrations } = context.mirror
  const gated = sources.flatMap((source): Gated[] =>
    source.pod !== undefined && gatesOf(binding, source.pod).length > 0 ? [{ pod: source.pod, source }] : [],
  )
  const waiting = (): Gated[] => gated.filter(({ pod }) => isWaiting(binding, pod, context))
  const since = remember(arn, waiting(), context)
  if (since.length === 0) return settled
  const dueIn = (): number => nextLookAt(since, registrations.readAt(arn) ?? 0, Date.now()) - Date.now()
  if (dueIn() <= 0) {
    const options = { ...optionsOf(pass, 'health', context), purpose: 'health' } as const
    const read = await readTargets({ aws, options }, context.mirror, arn)
    if (!read.ok) return again(retryMs, `${read.error.call}: ${read.error.code}`)
  }
  await write(binding, gated, context)
  return remember(arn, waiting(), context).length === 0
    ? settled
    : again(Math.max(50, dueIn()), 'pods wait for their targets to be healthy')
}

/** A gate of the pod is not True, neither as the watch shows it nor as we wrote it a moment ago. */
const isWaiting = (binding: TargetGroupBinding, pod: Pod, { targets }: Context): boolean =>
  gatesOf(binding, pod).some(
    (gate) => targets.told.get(`${pod.metadata.uid} ${gate}`)?.status !== 'True' && !isTrue(pod, gate),
  )

/** Since when each of those that wait is known to. */
function remember(arn: string, waiting: readonly Gated[], { targets }: Context): readonly number[] {
  if (waiting.length === 0) {
    targets.waiting.delete(arn)
    return []
  }
  const known = targets.waiting.get(arn)
  const now = Date.now()
  const next = new Map(
    waiting.map(({ pod: { metadata } }) => [metadata.uid, known?.get(metadata.uid) ?? now]),
  )
  targets.waiting.set(arn, next)
  return [...next.values()]
}

async function write(binding: TargetGroupBinding, gated: readonly Gated[], context: Context): Promise<void> {
  const arn = binding.spec.targetGroupARN ?? ''
  const known = context.mirror.registrations.get(arn)
  const wanted = gated.flatMap(({ pod, source }) =>
    gateConditions(binding, pod, source, known).map((condition) => ({ pod, condition })),
  )
  const since = context.targets.waiting.get(arn)
  await writeConditions(wanted, context, ({ pod, condition }) => {
    if (condition.status === 'True' && !isTrue(pod, condition.type))
      context.targets.gateSeconds.observe(secondsOf(pod, since?.get(pod.metadata.uid)))
  })
}

/** Since nothing but the gate kept the pod from being ready; `knownAt` where the pod doesn't say since when. */
function secondsOf({ status }: Pod, knownAt = Date.now()): number {
  const ready = status?.conditions?.find(({ type }) => type === 'ContainersReady')
  return Math.max(0, Date.now() - (Date.parse(ready?.lastTransitionTime ?? '') || knownAt)) / 1000
}

type Wanted = { readonly pod: Pod; readonly condition: GateCondition }

/** A pod that refuses is asked again by the next pass; it keeps no other from its condition. */
export async function writeConditions(
  wanted: readonly Wanted[],
  context: Context,
  written: (one: Wanted) => void = () => undefined,
): Promise<void> {
  if (context.observe) return
  const { told } = context.targets
  const now = Date.now()
  for (const [key, { at }] of told) if (now - at > toldMs) told.delete(key)
  const due = wanted.filter(({ pod, condition }) => {
    const key = `${pod.metadata.uid} ${condition.type}`
    return told.get(key)?.text !== JSON.stringify(condition)
  })
  await bounded(due, patchesAtOnce, async (one) => {
    const { pod, condition } = one
    const set = await setPodCondition(context.kube, pod, condition)
    if (set.ok) {
      if (told.get(`${pod.metadata.uid} ${condition.type}`)?.status !== condition.status) written(one)
      told.set(`${pod.metadata.uid} ${condition.type}`, {
        text: JSON.stringify(condition),
        status: condition.status,
        at: Date.now(),
      })
    } else
      context.log.warn(
        { pod: `${pod.metadata.namespace}/${pod.metadata.name}`, reason: set.error.reason },
        'readiness gate not written',
      )
    return ok(undefined)
  })
}
