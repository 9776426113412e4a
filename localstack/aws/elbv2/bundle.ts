/** The certificates of a trust store, as PEM one after the other. */
import { X509Certificate } from 'node:crypto'

const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const kept = new Map<string, readonly X509Certificate[]>()

/** Undefined for what holds no certificate, or one that can't be read. */
export function readBundle(text: string): readonly X509Certificate[] | undefined {
  const known = kept.get(text)
  if (known) return known
  try {
    const found = (text.match(pem) ?? []).map((one) => new X509Certificate(one))
    if (found.length === 0) return undefined
    kept.set(text, found)
    return found
  } catch {
    return undefined
  }
}

export const certificatesIn = (text: string): readonly X509Certificate[] => readBundle(text) ?? []
