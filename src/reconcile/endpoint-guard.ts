/** Tells the security groups of its pods and nodes what a binding needs; their own loop opens them. */
import { instanceIdOf, type Place } from '../aws/network-interface.ts'
import { canonical } from '../lib/json.ts'
import { keyOf, type Node, type Pod, type TargetGroupBinding } from '../model/cluster.ts'
import { problemOn, type Targets, type TargetSource } from '../model/endpoint.ts'
import { permissionsFor } from '../model/endpoint-permission.ts'
import type { Problem } from '../model/problem.ts'
import type { Permission } from '../model/security-group.ts'
import type { Pass } from '../watch/queue.ts'
import { type Context, optionsOf } from './context.ts'
import { reconcileEndpointGroup } from './endpoint-security-group.ts'
import { endpointGroupKey } from './key.ts'

type Guarded = {
  readonly groups: ReadonlyMap<string, readonly TargetSource[]>
  /** Of some targets it is not known what guards them. */
  readonly missing: readonly string[]
  readonly warnings: readonly string[]
}

export async function open(
  binding: TargetGroupBinding,
  wanted: Targets,
  pass: Pass,
  context: Context,
): Promise<readonly Problem[]> {
  const { endpointRules } = context
  const key = keyOf(binding)
  if (binding.spec.networking === undefined) {
    nudgeGroups(context, endpointRules.set(key, new Map()))
    return []
  }
  // Where nobody knows who the targets are, what is open stays open.
  if (wanted.problems.some(({ level }) => level === 'error')) return []
  const guarded = await guardsOf(wanted.sources, pass, context)
  const wants = new Map<string, readonly Permission[]>()
  for (const [group, sources] of guarded.groups) wants.set(group, permissionsFor(binding, sources))
  const whole = guarded.missing.length === 0
  const changed = endpointRules.set(key, whole ? wants : joined(endpointRules.of(key), wants), whole)
  // A target must be reachable before it is registered (invariant 4); a refusal is told, and stops nobody.
  for (const group of changed) if (wants.has(group)) await reconcileEndpointGroup(group, pass, context)
  nudgeGroups(context, changed)
  return [...warn(binding, guarded.missing, true), ...warn(binding, guarded.warnings, false)]
}

type Wants = ReadonlyMap<string, readonly Permission[]>
const joined = (a: Wants, b: Wants): Wants =>
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
    return { groups: new Map(), missing: [`${guards.error.call}: ${guards.error.message}`], warnings: [] }
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

export function nudgeGroups({ queue }: Context, groups: readonly string[]): void {
  for (const group of groups) queue.add(endpointGroupKey(group))
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
