/** Which texts a parser takes, as data. */

/** What is accepted, as data: for who must check it in another language. */
export type Form =
  | { readonly is: 'bool' }
  | { readonly is: 'integer'; readonly min?: number; readonly max?: number }
  | { readonly is: 'one-of'; readonly values: readonly string[] }
  /** At most so many characters; the pattern is also RE2's. */
  | { readonly is: 'pattern'; readonly pattern: RegExp; readonly longest: number }
  | { readonly is: 'map' }
  | { readonly is: 'json'; readonly holds: 'list' | 'object' }

/** As the API server's label values, in lower case. */
export const groupNameForm = {
  is: 'pattern',
  pattern: /^([a-z0-9][-a-z0-9.]*)?[a-z0-9]$/,
  longest: 63,
} as const
export const groupOrderForm = { is: 'integer', min: -1000, max: 1000 } as const
