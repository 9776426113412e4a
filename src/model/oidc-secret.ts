/** What a Secret says of an OpenID Connect client: ALBC's keys and trimming (8.4); values stay hidden. */
import { fail, ok, type Result } from '../lib/result.ts'
import { Secret } from '../lib/secret.ts'
import type { OidcSecret } from './cluster.ts'

export type SecretFact =
  | { readonly found: false }
  /** The API server lets us not look. */
  | { readonly found: 'denied'; readonly message: string }
  /** `version`: the resourceVersion with which this content was first seen. `late`: first it was missing. */
  | {
      readonly found: true
      readonly object: OidcSecret
      readonly version: string
      readonly late?: true
    }

export type ClientCredentials = { readonly clientId: Secret; readonly clientSecret: Secret }

const idKeys = ['clientID', 'clientId'] as const
const secretKey = 'clientSecret'
/** All that is kept of a Secret's data. */
export const clientKeys: readonly string[] = [...idKeys, secretKey]

/** Go's unicode.IsSpace and unicode.IsControl. */
const trailingSpace = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/u
const trailingControl = /\p{Cc}+$/u

/** The first of the keys counts that is there; `secret` is `<namespace>/<name>`. Errors are ALBC's where it has one. */
export function clientCredentials(
  { data }: OidcSecret,
  secret: string,
): Result<ClientCredentials, { readonly message: string; readonly key: string }> {
  const idKey = idKeys.find((key) => data[key] !== undefined) ?? idKeys[0]
  const clientId = textOf(data[idKey], trailingSpace)
  const clientSecret = textOf(data[secretKey], trailingControl)
  const wrong = (key: string, message: string) => fail({ key, message: `${message}, secret: ${secret}` })
  for (const [key, value] of [
    [idKey, clientId],
    [secretKey, clientSecret],
  ] as const) {
    if (value === undefined) return wrong(key, `missing ${key}`)
    if (value === null) return wrong(key, `${key} is not valid UTF-8`)
    if (value === '') return wrong(key, `empty ${key}`)
  }
  return ok({ clientId: new Secret(clientId ?? ''), clientSecret: new Secret(clientSecret ?? '') })
}

/** Null for what is no text. */
function textOf(value: Secret | undefined, trailing: RegExp): string | null | undefined {
  if (value === undefined) return undefined
  try {
    const bytes = Uint8Array.from(atob(value.reveal()), (char) => char.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(trailing, '')
  } catch {
    return null
  }
}
