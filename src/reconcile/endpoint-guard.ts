/** Tells the security groups of its pods and nodes what a binding needs; their own loop opens them. */
import { instanceIdOf, type Place } from '../aws/network-interface.ts'
import { canonical } from '../lib/json.ts'
import { keyOf, type Node, type Pod, type TargetGroupBinding } from '../model/cluster.ts'
import { problemOn, type TargetSource } from '../model/endpoint.ts'
import { permissionsFor } from '../model/endpoint-permission.ts'
import type { Problem } from '../model/problem.ts'
import type { Permission } from '../model/security-group.ts'
import type { Pass } from '../watch/queue.ts'
import { type Context, optionsOf } from './context.ts'
import type { Wanted } from './endpoint-rules.ts'
import { closedTo, reconcileEndpointGroup } from './endpoint-security-group.ts'
import { endpointGroupKey } from './key.ts'
import { passesByItself } from './verdict.ts'

type Guarded = {
  readonly groups: ReadonlyMap<string, readonly TargetSource[]>
  /** Of some targets it is not known what guards them. */
  readonly missing: readonly string[]
  readonly warnings: readonly string[]
  /** AWS did not answer, and will. */
  readonly unavailable?: boolean
}

export type Opened = {
  readonly problems: readonly Problem[]
  /** New targets could not be reached yet, and that passes by itself. */
  readonly wait: boolean
  /** Once nobody else is registered: what only they needed may be closed. */
  close(isAlone: boolean): void
}

const nothing = { problems: [], wait: false, close: () => undefined }
/** So long new targets wait for their security groups; then they are registered, as where AWS refuses for good. */
const patienceMs = 30_000

/**
 * Opens what the targets need. What those who were targets before need stays open with it, until they are registered no
 * more: they get requests until then.
 */
export async function open(
  binding: TargetGroupBinding,
  /** Undefined: nobody knows who the targets are. `alone`: nobody else is registered. */
  { sources, alone }: { readonly sources: readonly TargetSource[] | undefined; readonly alone: boolean },
  pass: Pass,
  context: Context,
): Promise<Opened> {
  const { endpointRules } = context
  const key = keyOf(binding)
  if (binding.spec.networking === undefined) {
    want(key, nobody, context)
    return nothing
  }
  // What is open stays open then; a target group without any target needs nothing.
  if (sources === undefined)
    return { ...nothing, close: (isAlone) => (isAlone ? want(key, nobody, context) : undefined) }
  const guarded = await guardsOf(sources, pass, context)
  const wants = new Map<string, readonly Permission[]>()
  for (const [group, sources] of guarded.groups) wants.set(group, permissionsFor(binding, sources))
  const whole = guarded.missing.length === 0
  if (alone) want(key, whole ? wants : joined(endpointRules.of(key), wants), context, whole)
  // Who is registered from before the start is not known yet.
  else want(key, joined(endpointRules.of(key), wants), context, whole && endpointRules.has(key))
  const isOpen = (await opens(wants, pass, context)) && guarded.unavailable !== true
  if (isOpen) context.targets.closedSince.delete(key)
  return {
    problems: [...warn(binding, guarded.missing, true), ...warn(binding, guarded.warnings, false)],
    wait: !isOpen && isPatient(key, context),
    close: (isAlone) => (isAlone && whole ? want(key, wants, context) : undefined),
  }
}

/** From a binding that has no targets. */
export const nobody: Wanted = new Map()

/** Says what a binding wants from now on; undefined: there is no such binding. */
export function want(key: string, wanted: Wanted | undefined, context: Context, whole = true): void {
  const { endpointRules } = context
  nudgeGroups(
    context,
    wanted === undefined ? endpointRules.remove(key) : endpointRules.set(key, wanted, whole),
  )
  // Many become known within a moment after a start.
  if (whole) nudgeGroups(context, endpointRules.awaiting(), 200)
}

/** A target must be reachable before it is registered (invariant 4). What AWS refuses for good is told, and stops nobody. */
async function opens(wants: Wanted, pass: Pass, context: Context): Promise<boolean> {
  const { endpointRules, observe } = context
  if (observe) return true
  let isOpen = true
  for (const [group, permissions] of wants) {
    const closed = () =>
      closedTo(group, permissions, context).filter(
        ({ source }) => endpointRules.refused(group, source)?.lasting !== true,
      )
    const before = closed()
    if (before.length === 0) continue
    // Its own key asks AWS again, in time.
    if (before.every(({ source }) => endpointRules.refused(group, source) === undefined))
      await reconcileEndpointGroup(group, pass, context)
    if (closed().length > 0) isOpen = false
  }
  return isOpen
}

function isPatient(key: string, { targets: { closedSince } }: Context): boolean {
  const since = closedSince.get(key) ?? Date.now()
  closedSince.set(key, since)
  return Date.now() - since < patienceMs
}

const joined = (a: Wanted, b: Wanted): Wanted =>
  new Map(
    [...new Set([...a.keys(), ...b.keys()])].map((id) => {
      const all = [...(a.get(id) ?? []), ...(b.get(id) ?? [])]
      return [id, [...new Map(all.map((one) => [canonical(one), one])).values()]]
    }),
  )

async function guardsOf(sources: readonly TargetSource[], pass: Pass, context: Context): Promise<Guarded> {
  const { nodes } = context.informers.stores
  const places = sources.flatMap((source) => placeOf(source, (name) => nodes.get(name)) ?? [])
  const guards = await context.networkInterfaces.guards(places, optionsOf(pass, 'facts', context))
  if (!guards.ok)
    return {
      groups: new Map(),
      missing: [`${guards.error.call}: ${guards.error.message}`],
      warnings: [],
      unavailable: passesByItself(guards.error),
    }
  const byId = Map.groupBy(sources, ({ target }) => target.id)
  const groups = new Map<string, TargetSource[]>()
  const missing: string[] = []
  const warnings: string[] = []
  for (const guard of guards.value) {
    if (!('securityGroup' in guard)) missing.push(guard.missing)
    else {
      const { securityGroup, warning } = guard
      groups.set(securityGroup, [...(groups.get(securityGroup) ?? []), ...(byId.get(guard.key) ?? [])])
      if (warning !== undefined) warnings.push(warning)
    }
  }
  return { groups, missing: [...new Set(missing)], warnings: [...new Set(warnings)] }
}

/** Without a network interface: addresses written by hand, and pods on nodes outside EC2. */
function placeOf(
  { target, pod, node }: TargetSource,
  nodeOf: (name: string) => Node | undefined,
): Place | undefined {
  const key = target.id
  if (pod === undefined) {
    const instanceId = instanceIdOf(node?.spec.providerID)
    return instanceId === undefined ? undefined : { key, instanceId }
  }
  const interfaceId = interfaceOf(pod)
  if (interfaceId !== undefined) return { key, interfaceId, ip: target.id }
  const under = nodeOf(pod.spec.nodeName ?? '')
  const compute =
    under?.metadata.labels?.['eks.amazonaws.com/compute-type'] ??
    under?.metadata.labels?.['sagemaker.amazonaws.com/compute-type']
  if (compute === 'fargate' || compute === 'hyperpod') return { key, ip: target.id }
  const instanceId = instanceIdOf(under?.spec.providerID)
  return instanceId === undefined ? undefined : { key, instanceId, ip: target.id }
}

/** `[{"eniId":"eni-0…","privateIp":"…"}]`, written where pods have security groups of their own. */
function interfaceOf({ metadata }: Pod): string | undefined {
  const text = metadata.annotations?.['vpc.amazonaws.com/pod-eni']
  return text === undefined ? undefined : /"eniId"\s*:\s*"(eni-[0-9a-z]+)"/.exec(text)?.[1]
}

function nudgeGroups({ queue }: Context, groups: readonly string[], afterMs = 0): void {
  for (const group of groups) queue.add(endpointGroupKey(group), 'edit', afterMs)
}

function warn(binding: TargetGroupBinding, texts: readonly string[], missing: boolean): readonly Problem[] {
  const [first, ...more] = texts
  if (first === undefined) return []
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`
  return [
    problemOn(binding, 'warning', {
      kind: 'NetworkInterfaceNotFound',
      message: missing
        ? `the security group of a target is not known: ${first}${others}`
        : `${first}${others}`,
      remedy: missing
        ? 'Targets are registered all the same; tag one security group of the node with kubernetes.io/cluster/<cluster name>.'
        : 'Leave the tag on one of them.',
    }),
  ]
}
