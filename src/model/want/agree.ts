/** What a group settles on where its members share a setting: design D3, as a Choice that plan resolves against what is served. */
import { canonical } from '../../lib/json.ts'
import type { Choice } from '../choice.ts'
import type { Owned } from '../load-balancer.ts'
import { isSound, type Scope, warn } from './scope.ts'

/** What one member says of one setting. */
export type Stated<T> = {
  readonly value?: T
  /** By its IngressClassParams, which come first. */
  readonly fromParams?: boolean
  /** It can't be known what it says. */
  readonly broken?: boolean
}
export type Voice<T> = { readonly scope: Scope; readonly stated: Stated<T> }

/** Runs a reader, and notes whether it found a mistake. */
export function stated<T>(scope: Scope, read: () => T | undefined, fromParams = false): Stated<T> {
  const before = scope.problems.length
  const value = read()
  const broken = scope.problems.length > before || classUnknown(scope)
  return { ...(value === undefined ? {} : { value, fromParams }), ...(broken ? { broken } : {}) }
}

/** Without its class, nobody knows which IngressClassParams speak for a member. */
export const classUnknown = (scope: Scope): boolean =>
  scope.member.stays === true || scope.member.faults.some(({ kind }) => kind !== 'InvalidGroupOrder')

export type Matter<T> = {
  /** As in `conflicting scheme`. */
  readonly what: string
  readonly field: string
  /** How ALBC prints the values that don't agree. */
  readonly show: (values: readonly T[]) => string
  /** The whole sentence, where ALBC's is another than `conflicting <what>: <values>`. */
  readonly say?: (values: readonly T[]) => string
}

type Spoken<T> = { readonly scope: Scope; readonly value: T; readonly fromParams: boolean }

const spoken = <T>(voices: readonly Voice<T>[]): readonly Spoken<T>[] =>
  voices.flatMap(({ scope, stated: { value, fromParams = false } }) =>
    value === undefined ? [] : [{ scope, value, fromParams }],
  )

const distinct = <T>(all: readonly Spoken<T>[]): readonly Spoken<T>[] =>
  [...new Map(all.toReversed().map((one) => [canonical(one.value), one])).values()]
    .toReversed()
    .toSorted((a, b) => all.indexOf(a) - all.indexOf(b))

/** Nobody says anything: undefined, unless a held member may have. */
export function agree<T>(voices: readonly Voice<T>[], matter: Matter<T>, fallback: T): Choice<T> | undefined {
  const sound = spoken(voices.filter(({ scope }) => isSound(scope)))
  const held = voices.filter(({ scope }) => !isSound(scope))
  const strong = sound.some(({ fromParams }) => fromParams) ? sound.filter((one) => one.fromParams) : sound
  const options = distinct(strong)
  tellLosers(distinct(sound), sound, options, matter)
  const [first] = options
  const heldSays = held.some(({ stated: { value, broken } }) => value !== undefined || broken)
  if (held.length > 0 && (heldSays || !first))
    return { keep: true, else: first?.value ?? spoken(held)[0]?.value ?? fallback }
  if (!first) return undefined
  return options.length === 1
    ? { is: first.value }
    : { oneOf: options.map(({ value, scope }) => ({ value, by: scope.member.key })) }
}

/** As `agree`, with who is told where AWS refuses it. */
export function agreeOwned<T>(
  voices: readonly Voice<T>[],
  matter: Matter<T>,
  fallback: T,
): Owned<T> | undefined {
  const choice = agree(voices, matter, fallback)
  if (!choice) return undefined
  const chosen = canonical(first(choice))
  const all = spoken(voices)
  const owner = all.find(({ value }) => canonical(value) === chosen) ?? all[0] ?? voices[0]
  return { choice, by: owner?.scope.member.key ?? '' }
}

/** How Go prints a set of strings. */
export const goList = (values: readonly string[]): string => `[${values.toSorted().join(' ')}]`

/** Enough names to go on with; a group may have a thousand members. */
export const someOf = (names: readonly string[]): string =>
  names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')

/** Where one value has won outright, only those who say otherwise. */
function tellLosers<T>(
  values: readonly Spoken<T>[],
  all: readonly Spoken<T>[],
  options: readonly Spoken<T>[],
  matter: Matter<T>,
): void {
  if (values.length < 2) return
  const won = options.length === 1 ? canonical(options[0]?.value) : undefined
  const said = values.map(({ value }) => value)
  const message = matter.say?.(said) ?? `conflicting ${matter.what}: ${matter.show(said)}`
  const names = someOf([...new Set(all.map(({ scope }) => scope.member.key))])
  for (const { scope, value } of all.filter((one) => canonical(one.value) !== won))
    warn(scope, 'Conflict', {
      field: matter.field,
      message,
      remedy: `Let ${names} say the same; this one says ${matter.show([value])}. Until then what AWS serves now stays, if one of them says it.`,
    })
}

export const mapChoice = <T, U>(choice: Choice<T>, change: (value: T) => U): Choice<U> => {
  if ('is' in choice) return { is: change(choice.is) }
  if ('keep' in choice) return { keep: true, else: change(choice.else) }
  return { oneOf: choice.oneOf.map(({ value, by }) => ({ value: change(value), by })) }
}

/** What it comes to where nothing is served yet. */
export function first<T>(choice: Choice<T>): T | undefined {
  if ('is' in choice) return choice.is
  return 'keep' in choice ? choice.else : choice.oneOf[0]?.value
}

type Map = Readonly<Record<string, string>>
export type Union = {
  readonly values: Map
  /** Keys on which the members disagree, with the first value in group order. */
  readonly contested: Map
}

/** The maps of all members, by key. Keys in `decided` are settled elsewhere and can't conflict. */
export function union(voices: readonly Voice<Map>[], what: string, field: string, decided: Map = {}): Union {
  const owners = new Map<string, { value: string; scope: Scope }>()
  const contested: Record<string, string> = {}
  for (const { scope, stated: one } of voices)
    for (const [key, value] of Object.entries(one.value ?? {})) {
      const known = owners.get(key)
      if (!known) owners.set(key, { value, scope })
      else if (known.value !== value && !Object.hasOwn(decided, key)) {
        contested[key] = known.value
        warn(scope, 'Conflict', {
          field,
          message: `conflicting ${what} ${key}: ${known.value} | ${value}`,
          remedy: `Let Ingress ${known.scope.member.key} and this one say the same of ${key}.`,
        })
      }
    }
  const values = Object.fromEntries([...owners].map(([key, { value }]) => [key, value]))
  return { values: { ...values, ...decided }, contested }
}
