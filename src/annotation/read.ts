/** The only ways to read an annotation: each merge rule has its own, and reading one with another's does not compile. */
import { fail, ok, type Result } from '../lib/result.ts'
import { type Annotations, type Declaration, type Family, keyOf } from './define.ts'

export type AnnotationError = {
  readonly key: string
  readonly raw: string
  /** ALBC's own sentence. */
  readonly message: string
  readonly allowed: string
}
type Reading<T> = Result<T, AnnotationError>
type Readable<T> = Pick<Declaration<T, 'own', unknown, 'Ingress'>, 'name' | 'parser'>

function read<T>(annotations: Annotations, declaration: Readable<T>, member = ''): Reading<T | undefined> {
  const key = keyOf(declaration, member)
  const raw = annotations?.[key]
  if (raw === undefined) return ok(undefined)
  const value = declaration.parser.parse(raw, key)
  return value.ok ? value : fail({ key, raw, message: value.error, allowed: declaration.parser.allowed })
}

export const isStated = (annotations: Annotations, declaration: { readonly name: string }): boolean =>
  annotations?.[keyOf(declaration)] !== undefined

/** Of an Ingress, for that Ingress alone; the default where it is absent. */
export function own<T, D>(
  annotations: Annotations,
  declaration: Declaration<T, 'own', D, 'Ingress'>,
): Reading<T | D> {
  const value = read(annotations, declaration)
  return value.ok ? ok(value.value ?? declaration.default) : value
}

/** One member of a family: `actions.<member>`. */
export const ownOf = <T>(
  annotations: Annotations,
  declaration: Family<T, 'Ingress'>,
  member: string,
): Reading<T | undefined> => read(annotations, declaration, member)

/** The Service's value beats the Ingress's, whole. */
export function preferService<T, D>(
  ingress: Annotations,
  service: Annotations,
  declaration: Declaration<T, 'own', D, 'Ingress' | 'Service'>,
): Reading<T | D> {
  return own(isStated(service, declaration) ? service : ingress, declaration)
}
export const preferServiceOf = <T>(
  ingress: Annotations,
  service: Annotations,
  declaration: Family<T, 'Ingress' | 'Service'>,
  member: string,
): Reading<T | undefined> =>
  service?.[keyOf(declaration, member)] === undefined
    ? read(ingress, declaration, member)
    : read(service, declaration, member)

/** What one member states of a setting in which all members of the group share; undefined where it is silent. */
export const exclusive = <T, D>(
  annotations: Annotations,
  declaration: Declaration<T, 'exclusive', D, 'Ingress'>,
): Reading<T | undefined> => read(annotations, declaration)

/** What one member adds to a map that is merged by key over the group. */
export const merged = <D>(
  annotations: Annotations,
  declaration: Declaration<Readonly<Record<string, string>>, 'merge', D, 'Ingress'>,
): Reading<Readonly<Record<string, string>> | undefined> => read(annotations, declaration)

/** What one member states for the ports that it listens on. */
export const perPort = <T, D>(
  annotations: Annotations,
  declaration: Declaration<T, 'per-port', D, 'Ingress'>,
): Reading<T | undefined> => read(annotations, declaration)
