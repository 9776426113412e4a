/** Annotations of a Service that are meant for an Ingress, or misspelt: told on the Service, once for all who name it. */
import { type Annotations, keyOf } from '../../annotation/define.ts'
import { declarations } from '../../annotation/table.ts'
import type { Service } from '../cluster.ts'
import type { ObjectRef, Problem, ProblemKind } from '../problem.ts'
import type { Told, World } from './scope.ts'
import { misspelt } from './unknown.ts'

const most = 10
const ingressOnly = declarations.filter(({ on }) => !on.includes('Service'))
const names = new Set(ingressOnly.filter(({ family }) => !family).map((one) => keyOf(one)))
const families = ingressOnly.filter(({ family }) => family).map((one) => keyOf(one))
const isForIngress = (key: string): boolean => names.has(key) || families.some((one) => key.startsWith(one))

export function tellOfService({ problems }: World, service: Service): void {
  for (const one of problemsOf(service)) if (!problems.includes(one)) problems.push(one)
}

const memo = new WeakMap<Service, readonly Problem[]>()

function problemsOf(service: Service): readonly Problem[] {
  const known = memo.get(service)
  if (known) return known
  const { namespace, name, annotations } = service.metadata
  const on: ObjectRef = { kind: 'Service', ...(namespace === undefined ? {} : { namespace }), name }
  const told = (kind: ProblemKind, all: readonly Told[]): readonly Problem[] =>
    all.map((one) => ({ kind, on, level: 'warning', ...one }))
  const found = [
    ...told('NoEffect', misplaced(annotations)),
    ...told('UnknownAnnotation', misspelt(annotations)),
  ]
  memo.set(service, found)
  return found
}

const misplaced = (annotations: Annotations): readonly Told[] =>
  Object.keys(annotations ?? {})
    .filter(isForIngress)
    .slice(0, most)
    .map((key) => ({
      field: key,
      message: `${key} has no effect on a Service`,
      remedy: 'Write it on the Ingress.',
    }))
