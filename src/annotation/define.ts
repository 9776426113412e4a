/** The form of a declaration: an annotation is described once, and parser, merge rule, documentation and checks follow from it. */
import type { Parser } from './parser.ts'

export const prefix = 'alb.ingress.kubernetes.io/'

export type Annotations = Readonly<Record<string, string>> | undefined

/**
 * own: affects the rules and target groups of its Ingress alone. exclusive: the members that state it must agree.
 * merge: the union by key of all members. per-port: as exclusive, among the members that listen on one port.
 */
export type Merge = 'own' | 'exclusive' | 'merge' | 'per-port'
export type Place = 'Ingress' | 'Service'

type Words = {
  /** The default as documented, where it is not a plain value (it comes from a flag, or depends). */
  readonly otherwise?: string
  /** The field of IngressClassParams that overrides it. */
  readonly params?: string
  readonly doc: string
  readonly example: string
  /** The AWS call, or the object, that it ends in. */
  readonly call: string
}
export type Declaration<T, M extends Merge, D, P extends Place> = Words & {
  readonly name: string
  readonly parser: Parser<T>
  readonly on: readonly Place[]
  /** Never there: it makes what is not read from Services no answer where that is asked for. */
  readonly reads?: (place: P) => void
  readonly merge: M
  readonly default: D
  /** The name is a beginning: `actions.` stands for `actions.<name>`. */
  readonly family: boolean
}
export type AnyDeclaration = Declaration<unknown, Merge, unknown, never>

type Given<T, M extends Merge, P extends Place> = Words & {
  readonly parse: Parser<T>
  readonly on: readonly P[]
  readonly merge: M
}

export function annotation<T, M extends Merge, P extends Place>(
  name: string,
  given: Given<T, M, P> & { readonly default: NoInfer<T> },
): Declaration<T, M, T, P>
export function annotation<T, M extends Merge, P extends Place>(
  name: string,
  given: Given<T, M, P>,
): Declaration<T, M, undefined, P>
export function annotation<T, M extends Merge, P extends Place>(
  name: string,
  given: Given<T, M, P> & { readonly default?: NoInfer<T> },
): Declaration<T, M, T | undefined, P> {
  const { parse, ...rest } = given
  return { ...rest, name, parser: parse, default: given.default, family: false }
}

/** One declaration for all annotations that begin with this name. */
export type Family<T, P extends Place> = Declaration<T, 'own' | 'per-port', undefined, P> & {
  readonly family: true
}
export function family<T, P extends Place>(
  name: string,
  given: Given<T, 'own' | 'per-port', P>,
): Family<T, P> {
  const { parse, ...rest } = given
  return { ...rest, name, parser: parse, default: undefined, family: true }
}

export const keyOf = (declaration: { readonly name: string }, member = ''): string =>
  `${prefix}${declaration.name}${member}`
