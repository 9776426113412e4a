/** X.509 certificates (RFC 5280) over P-256: self-signed, for those of which ACM alone has the key, and issued, for clients. */
import {
  type KeyObject,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import type { KeyPair } from '../account.ts'

const oid = {
  commonName: '550403',
  ecdsaWithSha256: '2a8648ce3d040302',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
}
const longestCommonName = 64

function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content)
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body])
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 0xff ? 4 : 2, '0'), 'hex')
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body])
}
const sequence = (...content: readonly Buffer[]): Buffer => der(0x30, ...content)
const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
const octets = (content: Buffer): Buffer => der(0x04, content)
const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content)
const algorithm = sequence(objectId(oid.ecdsaWithSha256))

/** UTCTime says two digits of the year, and so reaches to 2049. */
function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '')
  return date.getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(digits.slice(2)))
    : der(0x18, Buffer.from(digits))
}

const name = (common: string): Buffer =>
  sequence(der(0x31, sequence(objectId(oid.commonName), der(0x0c, Buffer.from(common)))))

function extensions(names: readonly string[], isAuthority: boolean): Buffer {
  const alternatives = sequence(...names.map((dns) => der(0x82, Buffer.from(dns))))
  const authority = sequence(...(isAuthority ? [der(0x01, Buffer.from([0xff]))] : []))
  return der(
    0xa3,
    sequence(
      sequence(objectId(oid.basicConstraints), octets(authority)),
      sequence(objectId(oid.subjectAltName), octets(alternatives)),
    ),
  )
}

export type SelfSigned = {
  /** DNS names, wildcards too; the first one is the subject. */
  readonly names: readonly [string, ...string[]]
  readonly notBefore: Date
  readonly notAfter: Date
}

let shared: KeyObject | undefined

/** One key for all of them: what they protect never leaves this machine. */
function privateKey(): KeyObject {
  shared ??= generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
  return shared
}

export function selfSigned({ names, notBefore, notAfter }: SelfSigned): KeyPair {
  const key = privateKey()
  const subject = name(names[0].slice(0, longestCommonName))
  return certify({ names, notBefore, notAfter, subject, key, issuer: subject, signer: key, authority: true })
}

/** With a key of its own: for clients, and for authorities under an authority. Without `by` an authority of its own. */
export function issued(given: SelfSigned & { readonly by?: KeyPair; readonly authority?: boolean }): KeyPair {
  const { names, by, authority = by === undefined } = given
  const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
  const subject = name(names[0].slice(0, longestCommonName))
  const issuer = by ? name(commonNameOf(by)) : subject
  const signer = by ? createPrivateKey(by.key) : key
  return certify({ ...given, subject, key, issuer, signer, authority })
}

const commonNameOf = ({ certificate }: KeyPair): string =>
  /(?:^|\n)CN=(.+)/.exec(new X509Certificate(certificate).subject)?.[1] ?? ''

type Content = SelfSigned & {
  readonly subject: Buffer
  readonly key: KeyObject
  readonly issuer: Buffer
  readonly signer: KeyObject
  readonly authority: boolean
}

function certify({ names, notBefore, notAfter, subject, key, issuer, signer, authority }: Content): KeyPair {
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    algorithm,
    issuer,
    sequence(time(notBefore), time(notAfter)),
    subject,
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    extensions(names, authority),
  )
  const signed = sequence(content, algorithm, bits(sign('sha256', content, signer)))
  const lines = signed.toString('base64').replace(/.{64}(?=.)/g, '$&\n')
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
