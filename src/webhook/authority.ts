/** Makes certificates: an authority of our own, and what it signs. The library is loaded when one is made, months apart. */
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import { Secret } from '../lib/secret.ts'

export type Made = { readonly certificate: string; readonly key: Secret }
type Term = { readonly from: Date; readonly to: Date }

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** It needs the polyfill and does not import it. */
async function library() {
  await import('reflect-metadata')
  return await import('@peculiar/x509')
}

/** Positive, and the same never again. */
const serial = (): string => `40${randomBytes(15).toString('hex')}`
const pem = async (key: webcrypto.CryptoKey): Promise<Secret> => {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64')
  return new Secret(
    `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}(?=.)/g, '$&\n')}\n-----END PRIVATE KEY-----\n`,
  )
}
const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

export async function makeAuthority(name: string, { from, to }: Term): Promise<Made> {
  const x509 = await library()
  const keys = await newKeys()
  const serialNumber = serial()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    // Each its own name: a bundle may hold two, and is searched by it.
    name: [{ CN: [`${name} ${serialNumber.slice(-8)}`] }],
    notBefore: from,
    notAfter: to,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: text(certificate.toString('pem')), key: await pem(keys.privateKey) }
}

/** `names`: host names and addresses; the first is the subject. */
export async function makeCertificate(
  authority: Made,
  names: readonly [string, ...string[]],
  { from, to }: Term,
): Promise<Made> {
  const x509 = await library()
  const keys = await newKeys()
  const issuer = new x509.X509Certificate(authority.certificate)
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [names[0].slice(0, 64)] }],
    issuer: issuer.subjectName,
    notBefore: from,
    notAfter: to,
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: createPrivateKey(authority.key.reveal()).toCryptoKey(algorithm, false, ['sign']),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  })
  return { certificate: text(certificate.toString('pem')), key: await pem(keys.privateKey) }
}

const text = (of: string): string => (of.endsWith('\n') ? of : `${of}\n`)
