/** The certificates of the webhooks: what a Secret or files hold, read and checked before anything is served with it. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { fail, ok, type Result } from '../lib/result.ts'
import { Secret } from '../lib/secret.ts'
import type { Made } from './authority.ts'

export type Material = Made & {
  /** PEM, the newest first: who asks trusts all of them. Empty where somebody else sees to that. */
  readonly authorities: readonly string[]
  /** Of the newest authority; absent where the certificate is somebody else's, who renews it. */
  readonly authorityKey?: Secret
}
/** As text; what is absent is undefined. */
export type Written = {
  readonly certificate: string | undefined
  readonly key: string | undefined
  readonly authorities?: string | undefined
  readonly authorityKey?: string | undefined
}
/** Where each part was read, for who is told of a mistake. */
export type Places = { readonly certificate: string; readonly key: string; readonly authorities: string }

const certificates = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** The error names the part that can't be used, and why. */
export function readMaterial(written: Written, places: Places): Result<Material, string> {
  const leaf = certificateIn(written.certificate)
  if (!leaf.ok) return fail(`${places.certificate}: ${leaf.error}`)
  const key = keyIn(written.key)
  if (!key.ok) return fail(`${places.key}: ${key.error}`)
  if (!leaf.value.checkPrivateKey(key.value))
    return fail(`${places.key} is not the key of ${places.certificate}`)
  const authorities = (written.authorities?.match(certificates) ?? []).map((pem) => `${pem}\n`)
  const bad = authorities.map(certificateIn).find((one) => !one.ok)
  if (bad?.ok === false) return fail(`${places.authorities}: ${bad.error}`)
  if (authorities.length > 0 && issuerOf(leaf.value, authorities) === undefined)
    return fail(`${places.certificate} is not signed by ${places.authorities}`)
  return ok({
    certificate: written.certificate ?? '',
    key: new Secret(written.key ?? ''),
    authorities,
    ...(written.authorityKey ? { authorityKey: new Secret(written.authorityKey) } : {}),
  })
}

function certificateIn(text: string | undefined): Result<X509Certificate, string> {
  if (!text?.trim()) return fail('is missing')
  try {
    return ok(new X509Certificate(text))
  } catch {
    return fail('is no certificate in PEM')
  }
}

function keyIn(text: string | undefined): Result<ReturnType<typeof createPrivateKey>, string> {
  if (!text?.trim()) return fail('is missing')
  try {
    return ok(createPrivateKey(text))
  } catch {
    return fail('is no private key in PEM')
  }
}

const issuerOf = (leaf: X509Certificate, authorities: readonly string[]): string | undefined =>
  authorities.find((pem) => {
    const authority = new X509Certificate(pem)
    return leaf.checkIssued(authority) && leaf.verify(authority.publicKey)
  })

export type Leaf = {
  readonly fromMs: number
  readonly toMs: number
  /** Whether it answers to a host name or an address. */
  covers(name: string): boolean
}

export function leafOf({ certificate }: Pick<Material, 'certificate'>): Leaf {
  const leaf = new X509Certificate(certificate)
  return {
    ...termOf(leaf),
    covers: (name) => (isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name)) !== undefined,
  }
}

const termOf = (certificate: X509Certificate): { readonly fromMs: number; readonly toMs: number } => ({
  fromMs: Date.parse(certificate.validFrom),
  toMs: Date.parse(certificate.validTo),
})

export type Times = {
  /** How long a certificate of ours is valid; it is renewed when a third is left. */
  readonly certificateMs: number
  readonly authorityMs: number
  /** How long a new authority is only trusted, before anything is served that it signed: until each API server knows it. */
  readonly settleMs: number
  /** By how much clocks may differ. */
  readonly skewMs: number
}
const day = 86_400_000
export const usualTimes: Times = {
  certificateMs: 90 * day,
  authorityMs: 3650 * day,
  settleMs: 600_000,
  skewMs: 300_000,
}

/** Times in a certificate are cut to seconds: it may be younger than it says. */
const wholeSecondMs = 1_000

/** What must be made now: the certificate, or first an authority that will sign later ones. */
export function due(
  material: Material,
  names: readonly string[],
  nowMs: number,
  { certificateMs, settleMs, skewMs }: Times,
): 'authority' | 'certificate' | undefined {
  const [newest] = material.authorities
  // Somebody else's: they renew it.
  if (newest === undefined || material.authorityKey === undefined) return undefined
  const authority = termOf(new X509Certificate(newest))
  const settled = nowMs - authority.fromMs - skewMs - wholeSecondMs >= settleMs
  if (settled && authority.toMs - nowMs < 2 * certificateMs) return 'authority'
  const leaf = leafOf(material)
  // An unsettled authority signs only what could not be waited for.
  if (leaf.toMs - nowMs < (settled ? certificateMs / 3 : 0)) return 'certificate'
  if (!names.every((name) => leaf.covers(name))) return 'certificate'
  const signed = issuerOf(new X509Certificate(material.certificate), [newest]) !== undefined
  return settled && !signed ? 'certificate' : undefined
}

/** Without those that are over: no certificate lives longer than who signed it. */
export const living = (authorities: readonly string[], nowMs: number): readonly string[] =>
  authorities.filter((pem) => termOf(new X509Certificate(pem)).toMs > nowMs)
