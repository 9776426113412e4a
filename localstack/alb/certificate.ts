/** The certificates of an HTTPS listener, ready for handshakes, and which of them a client gets for the name that it asks. */
import { X509Certificate } from 'node:crypto'
import { type SecureContext, createSecureContext } from 'node:tls'
import type { KeyPair } from '../aws/account.ts'

export type CertificateEntry = {
  readonly pair: KeyPair
  readonly context: SecureContext
  readonly x509: X509Certificate
}

const entries = new WeakMap<KeyPair, CertificateEntry | 'unusable'>()

/** Undefined for what this machine's OpenSSL refuses, such as too short a key: the other listeners go on. */
export function certificateEntry(pair: KeyPair): CertificateEntry | undefined {
  const known = entries.get(pair) ?? read(pair)
  entries.set(pair, known)
  return known === 'unusable' ? undefined : known
}

function read(pair: KeyPair): CertificateEntry | 'unusable' {
  try {
    const context = createSecureContext(secretsOf(pair))
    return { pair, context, x509: new X509Certificate(pair.certificate) }
  } catch {
    return 'unusable'
  }
}

export const secretsOf = ({ certificate, chain, key }: KeyPair): { cert: string; key: string } => ({
  cert: chain === undefined ? certificate : `${certificate.trimEnd()}\n${chain}`,
  key,
})

/** ECDSA before RSA, then the longer key, then the longer validity; what a client supports isn't asked. */
function rank({ x509 }: CertificateEntry): readonly number[] {
  const { asymmetricKeyType, asymmetricKeyDetails } = x509.publicKey
  const length = asymmetricKeyDetails?.modulusLength ?? Number(/\d+/.exec(curveOf(x509))?.[0] ?? 0)
  return [asymmetricKeyType === 'ec' ? 1 : 0, length, Date.parse(x509.validTo)]
}
const curveOf = ({ publicKey }: X509Certificate): string =>
  (publicKey.asymmetricKeyDetails?.namedCurve ?? '').replace('prime256v1', 'p256')

function better(one: CertificateEntry, other: CertificateEntry): boolean {
  const [ours, theirs] = [rank(one), rank(other)]
  const at = ours.findIndex((value, index) => value !== theirs[index])
  return at >= 0 && (ours[at] ?? 0) > (theirs[at] ?? 0)
}

/** None where no name fits: the default certificate, which is the first, is then shown. */
export function certificateFor(
  name: string,
  certificates: readonly CertificateEntry[],
): CertificateEntry | undefined {
  return certificates
    .filter(({ x509 }) => x509.checkHost(name) !== undefined)
    .reduce<CertificateEntry | undefined>(
      (best, one) => (best === undefined || better(one, best) ? one : best),
      undefined,
    )
}
