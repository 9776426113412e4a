/** AdmissionReview in and out (admission.k8s.io/v1, and v1beta1, whose fields are the same): what is asked, and a JSON Patch as the answer. */

export type Asked = {
  readonly uid: string
  readonly operation: string
  /** Of the object to be created: its own metadata may not name it yet. */
  readonly namespace?: string
  readonly name?: string
  /** As stored after other webhooks; nothing of it is to be trusted. */
  readonly object: unknown
}
/** RFC 6902; `add` replaces a member that is there. */
type Operation = { readonly op: 'add'; readonly path: string; readonly value: unknown }
export type Verdict = { readonly patch?: readonly Operation[]; readonly warnings?: readonly string[] }
/** Never refuses: nothing fails closed on a webhook of ours. */
export type Reviewer = (asked: Asked, signal: AbortSignal) => Verdict | Promise<Verdict>

export type Review = { readonly apiVersion: string; readonly asked: Asked }

/** Undefined: no AdmissionReview with a request. */
export function readReview(text: string): Review | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const { kind, apiVersion, request } = (value ?? {}) as {
    readonly kind?: unknown
    readonly apiVersion?: unknown
    readonly request?: Asked | null
  }
  const known = apiVersion === 'admission.k8s.io/v1' || apiVersion === 'admission.k8s.io/v1beta1'
  if (kind !== 'AdmissionReview' || !known || typeof request?.uid !== 'string') return undefined
  return { apiVersion, asked: request }
}

/** The API server cuts what is longer, and counts all of it against 4096 characters. */
const longestWarning = 250

export function answerOf(
  { apiVersion, asked: { uid } }: Review,
  { patch = [], warnings = [] }: Verdict,
): string {
  const encoded = Buffer.from(JSON.stringify(patch)).toString('base64')
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion,
    response: {
      uid,
      allowed: true,
      ...(patch.length === 0 ? {} : { patchType: 'JSONPatch', patch: encoded }),
      ...(warnings.length === 0 ? {} : { warnings: warnings.map((one) => one.slice(0, longestWarning)) }),
    },
  })
}
