/** A setting of which the last word may be what AWS serves now: plan decides, since the model knows no Actual. */

/** `<namespace>/<name>` of an Ingress. */
export type IngressKey = string

export type Choice<T> =
  /** Exactly this. */
  | { readonly is: T }
  /** Whatever is served now; `else` where nothing is. */
  | { readonly keep: true; readonly else: T }
  /** Members disagree: the value that AWS serves now while a member still states it, else the first. In group order. */
  | { readonly oneOf: readonly { readonly value: T; readonly by: IngressKey }[] }

/** The value to serve, given what is served. */
export function choose<T>(
  choice: Choice<T>,
  served: T | undefined,
  same: (a: T, b: T) => boolean,
): T | undefined {
  if ('is' in choice) return choice.is
  if ('keep' in choice) return served ?? choice.else
  const now = served === undefined ? undefined : choice.oneOf.find(({ value }) => same(value, served))
  return (now ?? choice.oneOf[0])?.value
}
