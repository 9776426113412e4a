/** Conditions, actions and transforms of a listener rule, as ALB knows them, in one canonical form. */

/** Wildcard or regex values: a condition has one kind, never both. */
type Patterns =
  | { readonly values: readonly string[]; readonly regexValues?: never }
  | { readonly regexValues: readonly string[]; readonly values?: never }

export type Condition =
  | ({ readonly field: 'host-header' } & Patterns)
  | ({ readonly field: 'path-pattern' } & Patterns)
  | ({ readonly field: 'http-header'; readonly httpHeaderName: string } & Patterns)
  | { readonly field: 'http-request-method'; readonly values: readonly string[] }
  | { readonly field: 'query-string'; readonly values: readonly QueryStringPair[] }
  | { readonly field: 'source-ip'; readonly values: readonly string[] }

export type QueryStringPair = { readonly key?: string; readonly value: string }

export type Rewrite = { readonly regex: string; readonly replace: string }
export type Transform = {
  readonly type: 'host-header-rewrite' | 'url-rewrite'
  readonly rewrites: readonly Rewrite[]
}
