/** Approval of what the guard stops (D5): an annotation on the IngressGroup, never on an Ingress, that names the change and an expiry. */
import { canonical } from '../lib/json.ts'
import { sha256 } from '../lib/hash.ts'
import { parseTime } from '../lib/time.ts'

export const approvalAnnotation = 'albatross.dev/approve'
/** A word given for longer would be forgotten before it is used. */
const longestMs = 24 * 60 * 60_000

type Annotations = Readonly<Record<string, string>>
export type Approval =
  | { readonly approved: true }
  /** `why`: what is wrong with the annotation; absent where there is none. */
  | { readonly approved: false; readonly why?: string }

/** Twelve hex digits; equal for equal changes, also after some of their steps were done. */
export const approvalHash = (change: unknown): string => sha256(canonical(change)).slice(0, 12)

/** `<hash>@<RFC 3339 time>`: the change of that hash is approved until then. `now`: epoch milliseconds. */
export function approved(annotations: Annotations | undefined, hash: string, now: number): Approval {
  const text = annotations?.[approvalAnnotation]
  if (text === undefined) return { approved: false }
  const [, named, until = ''] = /^([0-9a-f]{12})@(.+)$/.exec(text) ?? []
  const end = parseTime(until)
  if (named === undefined || end === undefined) return refused(`it is not of the form ${form(hash)}`)
  if (named !== hash) return refused(`it names ${named}`)
  if (end <= now) return refused('it has expired')
  if (end - now > longestMs) return refused('it holds for more than 24 hours')
  return { approved: true }
}

const refused = (why: string): Approval => ({ approved: false, why })
const form = (hash: string): string =>
  `${hash}@<until when, such as 2026-01-31T12:00:00Z, at most 24 hours ahead>`

/** What a user must do: `group` is the name of the IngressGroup. */
export const howToApprove = (group: string, hash: string, { why }: { readonly why?: string }): string =>
  `annotate IngressGroup ${group} with ${approvalAnnotation}=${form(hash)}${why === undefined ? '' : `; the annotation that is there does not count: ${why}`}`
