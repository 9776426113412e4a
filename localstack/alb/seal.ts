/** Values that travel in a client's cookies and that only this load balancer can make or read. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const key = randomBytes(32)
const nonceLength = 12
const tagLength = 16

/** `until` in epoch milliseconds: from then on nobody opens it. */
export function seal(value: unknown, until: number): string {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const text = Buffer.concat([cipher.update(JSON.stringify({ until, value })), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')
}

/** Undefined for what was not sealed here, was tampered with, or is too old. */
export function open(sealed: string | undefined, now: number): unknown {
  const bytes = Buffer.from(sealed ?? '', 'base64url')
  if (bytes.length <= nonceLength + tagLength) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceLength))
  decipher.setAuthTag(bytes.subarray(nonceLength, nonceLength + tagLength))
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(nonceLength + tagLength)), decipher.final()])
    const { until, value } = JSON.parse(text.toString()) as { until: number; value: unknown }
    return until > now ? value : undefined
  } catch {
    return undefined
  }
}
