/** Whom a held member, by its own words, would let in: so that it can be told when AWS serves it to more than those. */
import type { Condition } from '../route/condition.ts'

export type PathClaim = {
  /** Without those on who may ask. */
  readonly conditions: readonly Condition[]
  /** `lenient`: who has not logged in is let in, too. */
  readonly login: 'none' | 'lenient' | 'required'
  /** Whom alone the path answers; absent: everybody. Empty where it can't be read. */
  readonly sources?: readonly string[]
}

export type Claims = {
  readonly paths: readonly PathClaim[]
  readonly byDefault?: PathClaim
  /** Ports at which clients must show a certificate; `any`: it can't be read which. */
  readonly certificates: readonly number[] | 'any'
  /** Address ranges that may connect; absent where nothing is said of them. */
  readonly inbound?: readonly string[]
  /** Its class would rather have 503 answered than more let in. */
  readonly closes: boolean
}
