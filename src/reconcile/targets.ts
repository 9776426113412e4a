/** One binding's pass: the Service's endpoints to targets, targets to RegisterTargets; a broken group never stops it. */
import { apply } from '../apply/apply.ts'
import { instanceIdOf, type Place } from '../aws/network-interface.ts'
import { readTargets } from '../aws/observe.ts'
import { targetGroupBindings } from '../kube/resource.ts'
import {
  addFinalizer,
  annotateTargetGroupBinding,
  applyBindingStatus,
  removeFinalizer,
} from '../kube/write.ts'
import type { Target } from '../model/actual.ts'
import type { AwsError } from '../model/aws-error.ts'
import { keyOf, type TargetGroupBinding } from '../model/cluster.ts'
import { permissionsFor } from '../model/endpoint-permission.ts'
import { targetsOf, type Targets, type TargetSource } from '../model/endpoint.ts'
import type { ObjectRef, Problem } from '../model/problem.ts'
import type { Permission } from '../model/security-group.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import type { Plan } from '../plan/step.ts'
import { planTargets } from '../plan/targets.ts'
import { problemOf } from '../status/event.ts'
import type { Pass } from '../watch/queue.ts'
import type { Verdict } from '../watch/verdict.ts'
import { stackOf } from './bindings.ts'
import { type Context, optionsOf, readerOf } from './context.ts'
import { reconcileEndpointGroup } from './endpoint-security-group.ts'
import { endpointGroupKey, groupKey, targetsKey } from './key.ts'
import { afterAwsError, afterKubeError, again, settled } from './verdict.ts'

/** On every binding whose targets we register (`albc-runtime` 3.2). */
const bindingFinalizer = 'elbv2.k8s.aws/resources'
/** ALBC's memory of what it did last: wrong from our first write on, so that going back to it is safe only without. */
const checkpoints = ['elbv2.k8s.aws/checkpoint', 'elbv2.k8s.aws/checkpoint-timestamp']

export async function reconcileTargets(key: string, pass: Pass, context: Context): Promise<Verdict> {
  const binding = context.bindings.get(key)
  if (binding === undefined) {
    nudgeGroups(context, context.endpointRules.remove(key))
    context.reports.problems(targetsKey(key), [])
    return settled
  }
  if (binding.metadata.deletionTimestamp !== undefined) return await leave(binding, pass, context)
  const arn = binding.spec.targetGroupARN
  if (arn === undefined) return settled
  if (!context.observe && binding.metadata.finalizers?.includes(bindingFinalizer) !== true) {
    const added = await addFinalizer(context.kube, targetGroupBindings, binding, bindingFinalizer)
    if (!added.ok) return afterKubeError(added.error)
    context.bindings.written(added.value)
  }
  return await fill(binding, arn, pass, context)
}

async function fill(
  binding: TargetGroupBinding,
  arn: string,
  pass: Pass,
  context: Context,
): Promise<Verdict> {
  const cidrs = await context.facts.vpcCidrs(optionsOf(pass, 'facts', context))
  if (!cidrs.ok) return afterAwsError(cidrs.error)
  const endpoints = context.informers.endpointsOf(binding)
  const wanted = targetsOf(binding, endpoints, context.settings, cidrs.value)
  const opened = await open(binding, wanted, pass, context)
  const registered = await registeredIn(arn, pass, context)
  if (!registered.ok) return missing(binding, registered.error, context)
  const planned = planOf(binding, arn, { wanted, registered: registered.value, context })
  const outcome = await write(binding, planned, pass, context)
  const failures = outcome.results.flatMap((one) => (one.result === 'failed' ? [one] : []))
  const problems = [
    ...wanted.problems,
    ...opened,
    ...failures.map((failure) => problemOf(failure, refOf(binding))),
  ]
  context.reports.problems(targetsKey(keyOf(binding)), problems)
  const [failure] = failures
  if (failure !== undefined) return afterAwsError(failure.error)
  const stack = stackOf(binding)
  // A rule may be waiting for these targets.
  if ((outcome.results.length > 0 || !context.filled.has(arn)) && stack !== undefined)
    context.queue.add(groupKey(stack), 'new')
  context.filled.add(arn)
  if (outcome.results.some(({ result }) => result === 'skipped')) return again(1_000, 'some targets are left')
  return await observed(binding, context)
}

/** What is registered: read once, then known by our own writes. */
async function registeredIn(
  arn: string,
  pass: Pass,
  context: Context,
): Promise<Result<readonly Target[], AwsError>> {
  const known = context.mirror.registrations.get(arn)
  return known === undefined
    ? await readTargets(readerOf(context, pass, 'targets'), context.mirror, arn)
    : ok(known)
}

function planOf(
  binding: TargetGroupBinding,
  targetGroup: string,
  {
    wanted,
    registered,
    context,
  }: { readonly wanted: Targets; readonly registered: readonly Target[]; readonly context: Context },
): Plan {
  const draft = planTargets({
    targetGroup,
    binding: keyOf(binding),
    wanted: wanted.targets,
    registered,
    // Slices that say that nobody is there are obeyed; slices that are missing are not.
    emptyObeyed:
      wanted.problems.every(({ level }) => level !== 'error') &&
      context.informers.endpointsOf(binding).slices.length > 0,
  })
  return {
    stack: stackOf(binding) ?? '',
    ...draft,
    steps: wanted.problems.some(({ level }) => level === 'error') ? [] : draft.steps,
  }
}

async function write(binding: TargetGroupBinding, planned: Plan, pass: Pass, context: Context) {
  if (planned.steps.length === 0 || context.observe) return { results: [] }
  const marked = checkpoints.filter((name) => binding.metadata.annotations?.[name] !== undefined)
  if (marked.length > 0) {
    const unmarked = await annotateTargetGroupBinding(
      context.kube,
      binding,
      Object.fromEntries(marked.map((name) => [name, null])),
    )
    if (unmarked.ok) context.bindings.written(unmarked.value)
  }
  return await apply(planned, {
    aws: context.aws,
    mirror: context.mirror,
    stillLeader: context.stillLeader,
    writeBinding: async () => ok(undefined),
    options: optionsOf(pass, 'targets', context),
  })
}

/** Tells the security groups of its pods and nodes what this binding needs; their own loop opens them. */
async function open(
  binding: TargetGroupBinding,
  wanted: Targets,
  pass: Pass,
  context: Context,
): Promise<readonly Problem[]> {
  if (binding.spec.networking === undefined) {
    nudgeGroups(context, context.endpointRules.set(keyOf(binding), new Map()))
    return []
  }
  const guarded = await guardsOf(wanted.sources, pass, context)
  if (!guarded.ok) return [unresolved(binding, guarded.error)]
  const wants = new Map<string, readonly Permission[]>()
  for (const [group, sources] of guarded.value) wants.set(group, permissionsFor(binding, sources))
  const changed = context.endpointRules.set(keyOf(binding), wants)
  // A target must be reachable before it is registered (invariant 4); a refusal is told, and stops nobody.
  for (const group of changed) if (wants.has(group)) await reconcileEndpointGroup(group, pass, context)
  nudgeGroups(context, changed)
  return []
}

async function guardsOf(
  sources: readonly TargetSource[],
  pass: Pass,
  context: Context,
): Promise<Result<ReadonlyMap<string, readonly TargetSource[]>, string>> {
  const nodes = context.informers.stores.nodes
  const places = sources.flatMap(({ target, pod, node }): Place[] => {
    const instanceId = instanceIdOf((node ?? nodes.get(pod?.spec.nodeName ?? ''))?.spec.providerID)
    if (instanceId === undefined) return []
    return [{ key: target.id, instanceId, ...(pod === undefined ? {} : { ip: target.id }) }]
  })
  const guards = await context.networkInterfaces.guards(places, optionsOf(pass, 'facts', context))
  if (!guards.ok) return fail(`${guards.error.call}: ${guards.error.message}`)
  const groups = new Map<string, TargetSource[]>()
  for (const guard of guards.value) {
    if (!('securityGroup' in guard)) return fail(guard.missing)
    const source = sources.find(({ target }) => target.id === guard.key)
    if (source !== undefined)
      groups.set(guard.securityGroup, [...(groups.get(guard.securityGroup) ?? []), source])
  }
  return ok(groups)
}

function nudgeGroups({ queue }: Context, groups: readonly string[]): void {
  for (const group of groups) queue.add(endpointGroupKey(group))
}

/** Deregisters what is there, lets go of the security groups, then of the object. */
async function leave(binding: TargetGroupBinding, pass: Pass, context: Context): Promise<Verdict> {
  if (context.observe || binding.metadata.finalizers?.includes(bindingFinalizer) !== true) return settled
  const arn = binding.spec.targetGroupARN
  if (arn !== undefined && binding.spec.multiClusterTargetGroup !== true) {
    const registered = await registeredIn(arn, pass, context)
    if (!registered.ok && registered.error.kind !== 'notFound') return afterAwsError(registered.error)
    const draft = planTargets({
      targetGroup: arn,
      binding: keyOf(binding),
      wanted: [],
      registered: registered.ok ? registered.value : [],
      emptyObeyed: true,
    })
    const { results } = await write(binding, { stack: stackOf(binding) ?? '', ...draft }, pass, context)
    const failed = results.find((one) => one.result === 'failed' && one.error.kind !== 'notFound')
    if (failed?.result === 'failed') return afterAwsError(failed.error)
    if (results.some(({ result }) => result === 'skipped')) return again(500, 'targets are still registered')
  }
  nudgeGroups(context, context.endpointRules.remove(keyOf(binding)))
  const removed = await removeFinalizer(context.kube, targetGroupBindings, binding, bindingFinalizer)
  return removed.ok ? settled : afterKubeError(removed.error)
}

async function observed(binding: TargetGroupBinding, context: Context): Promise<Verdict> {
  const observedGeneration = binding.metadata.generation
  if (
    context.observe ||
    observedGeneration === undefined ||
    binding.status?.observedGeneration === observedGeneration
  )
    return settled
  const applied = await applyBindingStatus(context.kube, binding, { observedGeneration })
  if (!applied.ok) return applied.error.status === 404 ? settled : afterKubeError(applied.error)
  context.bindings.written(applied.value)
  return settled
}

const refOf = ({ metadata }: TargetGroupBinding): ObjectRef => ({
  kind: 'TargetGroupBinding',
  ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  name: metadata.name,
})

const unresolved = (binding: TargetGroupBinding, why: string): Problem => ({
  kind: 'NetworkInterfaceNotFound',
  on: refOf(binding),
  level: 'warning',
  message: `the security group of a target is not known: ${why}`,
  remedy:
    'Targets are registered all the same; tag one security group of the node with kubernetes.io/cluster/<cluster name>.',
})

function missing(binding: TargetGroupBinding, error: AwsError, context: Context): Verdict {
  if (error.kind === 'notFound') {
    context.reports.problems(targetsKey(keyOf(binding)), [
      {
        kind: 'TargetGroupMissing',
        on: refOf(binding),
        level: 'error',
        field: 'spec.targetGroupARN',
        message: `target group ${binding.spec.targetGroupARN} does not exist`,
        remedy: 'Delete the binding, or name a target group that exists.',
      },
    ])
  }
  return afterAwsError(error.kind === 'notFound' ? { ...error, kind: 'invalid' } : error)
}
