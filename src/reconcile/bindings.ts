/** TargetGroupBindings as the cluster has them, our own writes included before the watch tells of them; found by stack and ARN. */
import { keyOf, type TargetGroupBinding } from '../model/cluster.ts'
import type { Informers } from '../watch/informers.ts'

export type Bindings = {
  /** `<namespace>/<name>`. */
  get(key: string): TargetGroupBinding | undefined
  list(): readonly TargetGroupBinding[]
  /** Those with the stack's labels, and those on one of these target groups. */
  of(stack: string, targetGroupArns: readonly string[]): readonly TargetGroupBinding[]
  /** The answer to an own write. */
  written(binding: TargetGroupBinding): void
}

/** The stack whose labels a binding bears (`albc-model` 1.1). */
export function stackOf({ metadata }: TargetGroupBinding): string | undefined {
  const labels = metadata.labels ?? {}
  const explicit = labels['ingress.k8s.aws/stack']
  if (explicit !== undefined) return explicit
  const namespace = labels['ingress.k8s.aws/stack-namespace']
  const name = labels['ingress.k8s.aws/stack-name']
  return namespace === undefined || name === undefined ? undefined : `${namespace}/${name}`
}

export function createBindings(informers: Pick<Informers, 'onChange'>): Bindings {
  const all = new Map<string, TargetGroupBinding>()
  const byStack = new Map<string, Set<string>>()
  const byArn = new Map<string, Set<string>>()
  const index = (binding: TargetGroupBinding | undefined, change: 'add' | 'delete'): void => {
    if (binding === undefined) return
    const places: readonly (readonly [Map<string, Set<string>>, string | undefined])[] = [
      [byStack, stackOf(binding)],
      [byArn, binding.spec.targetGroupARN],
    ]
    for (const [table, value] of places) {
      if (value === undefined) continue
      const keys = table.get(value) ?? new Set<string>()
      keys[change](keyOf(binding))
      if (keys.size === 0) table.delete(value)
      else table.set(value, keys)
    }
  }
  const put = (binding: TargetGroupBinding): void => {
    const known = all.get(keyOf(binding))
    if (known !== undefined && isNewer(known, binding)) return
    index(known, 'delete')
    index(binding, 'add')
    all.set(keyOf(binding), binding)
  }
  const drop = (binding: TargetGroupBinding): void => {
    const known = all.get(keyOf(binding))
    if (known?.metadata.uid !== binding.metadata.uid) return
    index(known, 'delete')
    all.delete(keyOf(binding))
  }
  informers.onChange('targetGroupBindings', (old, now) => {
    if (now !== undefined) put(now)
    else if (old !== undefined) drop(old)
  })
  return {
    get: (key) => all.get(key),
    list: () => [...all.values()],
    of: (stack, arns) => {
      const keys = new Set([
        ...(byStack.get(stack) ?? []),
        ...arns.flatMap((arn) => [...(byArn.get(arn) ?? [])]),
      ])
      return [...keys].sort().flatMap((key) => all.get(key) ?? [])
    },
    written: put,
  }
}

/** Of the same object, by resourceVersion: a number that grows in every API server there is. */
const isNewer = (known: TargetGroupBinding, other: TargetGroupBinding): boolean =>
  known.metadata.uid === other.metadata.uid &&
  Number(known.metadata.resourceVersion ?? 0) > Number(other.metadata.resourceVersion ?? 0)
