/** Which Ingresses share a load balancer, in which order, and which are on their way out (`albc-model` 1, design D3). */
import { groupNameForm, groupOrderForm } from '../annotation/form.ts'
import { groupName, groupOrder } from '../annotation/group.ts'
import { keyOf as annotationKey } from '../annotation/define.ts'
import { own } from '../annotation/read.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import { classIndex, type ClassIndex, ownership } from './class.ts'
import type { IngressKey } from './choice.ts'
import { type Cluster, type Ingress, type IngressClassParams, keyOf } from './cluster.ts'
import { ingressRef, type Problem } from './problem.ts'
import type { Semantics, Settings, WhenExposed } from './settings.ts'

export type Member = {
  readonly key: IngressKey
  readonly ingress: Ingress
  readonly params?: IngressClassParams
  readonly order: number
  readonly semantics: Semantics
  readonly whenExposed: WhenExposed
  /** Mistakes in class, group name or order: the member is held. */
  readonly faults: readonly Problem[]
  /** Is another group's by now, which does not serve it yet: what this one serves of it stays as it is. */
  readonly stays?: true
}

export type Group = {
  /** `<group name>`, or `<namespace>/<ingress>` of the only member. */
  readonly stack: string
  readonly finalizer: string
  /** In order. */
  readonly members: readonly Member[]
  /** They bear the finalizer, and belong to this group no more. */
  readonly leaving: readonly Ingress[]
}

export type Groups = {
  readonly groups: ReadonlyMap<string, Group>
  /** The stack that each member is in. */
  readonly stackOf: ReadonlyMap<IngressKey, string>
  /** Of Ingresses that are in no group because of them. */
  readonly problems: readonly Problem[]
}

/** A stack id without a slash is an explicit group's name. */
const isExplicit = (stack: string): boolean => !stack.includes('/')

const finalizerOf = (stack: string, settings: Settings): string =>
  isExplicit(stack) ? settings.explicitFinalizerPrefix + stack : settings.implicitFinalizer

/** The stacks whose finalizer an Ingress bears. */
export const stacksHolding = (ingress: Ingress, settings: Settings): readonly string[] =>
  (ingress.metadata.finalizers ?? []).flatMap((finalizer) => {
    if (finalizer === settings.implicitFinalizer) return [keyOf(ingress)]
    return finalizer.startsWith(settings.explicitFinalizerPrefix)
      ? [finalizer.slice(settings.explicitFinalizerPrefix.length)]
      : []
  })

/** The labels of a group's TargetGroupBindings. */
export function stackLabels(stack: string): Readonly<Record<string, string>> {
  const [namespace = '', name] = stack.split('/')
  return name === undefined
    ? { 'ingress.k8s.aws/stack': stack }
    : { 'ingress.k8s.aws/stack-namespace': namespace, 'ingress.k8s.aws/stack-name': name }
}

const memo = new WeakMap<Cluster, { readonly settings: Settings; readonly groups: Groups }>()

/** All groups of the cluster, in one pass; remembered for as long as the snapshot lives. */
export function groupsOf(cluster: Cluster, settings: Settings): Groups {
  const known = memo.get(cluster)
  if (known?.settings === settings) return known.groups
  const groups = sortIntoGroups(cluster, settings)
  memo.set(cluster, { settings, groups })
  return groups
}

function sortIntoGroups(cluster: Cluster, settings: Settings): Groups {
  const index = classIndex(cluster)
  const open = new Map<string, { members: Member[]; leaving: Ingress[] }>()
  const problems: Problem[] = []
  const at = (stack: string) => {
    const group = open.get(stack) ?? { members: [], leaving: [] }
    open.set(stack, group)
    return group
  }
  for (const ingress of cluster.ingresses) {
    const held = stacksHolding(ingress, settings)
    const belongs = membership(ingress, index, settings)
    if (!belongs.ok) {
      for (const stack of held) at(stack).members.push(heldMember(ingress, [belongs.error], settings))
      if (held.length === 0) problems.push(belongs.error)
      continue
    }
    const { member, stack } = belongs.value ?? {}
    if (member && stack !== undefined) at(stack).members.push(member)
    for (const other of held) if (other !== stack) at(other).leaving.push(ingress)
  }
  return {
    groups: new Map(
      [...open].map(([stack, { members, leaving }]) => [
        stack,
        { stack, finalizer: finalizerOf(stack, settings), members: members.sort(byOrder), leaving },
      ]),
    ),
    stackOf: new Map(
      [...open].flatMap(([stack, { members }]) => members.map(({ key }) => [key, stack] as const)),
    ),
    problems,
  }
}

/** With those of the leaving who stay until another group serves them; in order. */
export function membersWith(
  { members, leaving }: Group,
  staying: ReadonlySet<IngressKey>,
  settings: Settings,
): readonly Member[] {
  const stayers = leaving
    .filter((ingress) => staying.has(keyOf(ingress)))
    .map((ingress): Member => ({ ...heldMember(ingress, [], settings), stays: true }))
  return stayers.length === 0 ? members : [...members, ...stayers].sort(byOrder)
}

const byOrder = (a: Member, b: Member): number => a.order - b.order || (a.key < b.key ? -1 : 1)

const heldMember = (ingress: Ingress, faults: readonly Problem[], settings: Settings): Member => ({
  key: keyOf(ingress),
  ingress,
  order: orderOf(ingress).order,
  semantics: settings.ingressSemantics,
  whenExposed: settings.whenExposed,
  faults,
})

type Membership = { readonly stack: string; readonly member: Member } | undefined

function membership(ingress: Ingress, index: ClassIndex, settings: Settings): Result<Membership, Problem> {
  if (ingress.metadata.deletionTimestamp !== undefined) return ok(undefined)
  const owned = ownership(ingress, index, settings)
  if (!owned.ok) return owned
  if (!owned.value.ours) return ok(undefined)
  const { params } = owned.value
  const stack = stackOf(ingress, params)
  if (!stack.ok) return stack
  const member = {
    key: keyOf(ingress),
    ingress,
    ...(params ? { params } : {}),
    semantics: owned.value.semantics ?? settings.ingressSemantics,
    whenExposed: owned.value.whenExposed ?? settings.whenExposed,
    ...orderOf(ingress),
  }
  return ok({ stack: stack.value, member })
}

function stackOf(ingress: Ingress, params: IngressClassParams | undefined): Result<string, Problem> {
  const annotated = own(ingress.metadata.annotations, groupName)
  const name = params?.spec.group?.name ?? (annotated.ok ? annotated.value : undefined)
  if (name === undefined) return ok(keyOf(ingress))
  const why = !groupNameForm.pattern.test(name)
    ? "groupName must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
    : name.length > groupNameForm.longest
      ? 'groupName must be no more than 63 characters'
      : undefined
  if (why === undefined) return ok(name)
  return fail({
    kind: 'InvalidGroup',
    on: ingressRef(ingress.metadata),
    level: 'error',
    field: params?.spec.group ? 'IngressClassParams spec.group.name' : annotationKey(groupName),
    message: `invalid ingress group: ${why}: ${JSON.stringify(name)}`,
    remedy: `Write ${annotationKey(groupName)} with ${groupName.parser.allowed}, or remove it for a load balancer of its own.`,
  })
}

function orderOf(ingress: Ingress): { readonly order: number; readonly faults: readonly Problem[] } {
  const order = own(ingress.metadata.annotations, groupOrder)
  const key = keyOf(ingress)
  const { min, max } = groupOrderForm
  if (order.ok && order.value >= min && order.value <= max) return { order: order.value, faults: [] }
  const message = order.ok
    ? `explicit Ingress group order must be within [-1000:1000], Ingress: ${key}, order: ${order.value}`
    : `failed to load Ingress group order for ingress: ${key}: ${order.error.message}`
  const problem: Problem = {
    kind: 'InvalidGroupOrder',
    on: ingressRef(ingress.metadata),
    level: 'error',
    field: annotationKey(groupOrder),
    message,
    remedy: `Write a whole number from -1000 to 1000 in ${annotationKey(groupOrder)}.`,
  }
  return { order: 0, faults: [problem] }
}
