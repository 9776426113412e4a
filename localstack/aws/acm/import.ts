/** ImportCertificate: a PEM certificate with its key, new or in the place of an earlier import. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import type { CertificateDetail, ImportCertificateRequest, KeyAlgorithm } from '@aws-sdk/client-acm'
import { uuid } from '../ids.ts'
import { Fault, type Context } from '../service.ts'
import { setTags } from '../tag.ts'

const curves: Readonly<Record<string, KeyAlgorithm>> = {
  prime256v1: 'EC_prime256v1',
  secp384r1: 'EC_secp384r1',
  secp521r1: 'EC_secp521r1',
}

export function importCertificate(input: ImportCertificateRequest, context: Context): unknown {
  const { account, now } = context
  const certificate = parse(text(input.Certificate), (pem) => new X509Certificate(pem), 'certificate')
  const key = parse(text(input.PrivateKey), createPrivateKey, 'private key')
  if (!certificate.checkPrivateKey(key))
    throw new Fault('ValidationException', 'The private key does not match the certificate.')
  for (const pem of text(input.CertificateChain).match(/-+BEGIN[^-]+-+[^-]+-+END[^-]+-+/g) ?? [])
    parse(pem, (one) => new X509Certificate(one), 'certificate chain')
  const earlier =
    input.CertificateArn === undefined ? undefined : account.certificates.get(input.CertificateArn)
  if (input.CertificateArn !== undefined && earlier?.Type !== 'IMPORTED')
    throw new Fault(
      'ResourceNotFoundException',
      `Could not find imported certificate ${input.CertificateArn}.`,
    )
  if (earlier && input.Tags?.length)
    throw new Fault('ValidationException', 'Tagging is not permitted on re-import.')
  const arn =
    input.CertificateArn ??
    `arn:aws:acm:${account.region}:${account.id}:certificate/${uuid(context.ids, 'certificate')}`
  account.certificates.set(arn, detailOf(arn, certificate, key, new Date(now)))
  account.keyPairs.set(arn, {
    certificate: text(input.Certificate),
    key: text(input.PrivateKey),
    ...(input.CertificateChain ? { chain: text(input.CertificateChain) } : {}),
  })
  setTags(account, arn, input.Tags)
  account.changed()
  return { CertificateArn: arn }
}

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8')
}

function parse<T>(pem: string, read: (pem: string) => T, what: string): T {
  try {
    return read(pem)
  } catch {
    throw new Fault('ValidationException', `The ${what} is not valid PEM.`)
  }
}

function detailOf(arn: string, certificate: X509Certificate, key: KeyObject, at: Date): CertificateDetail {
  const names = (certificate.subjectAltName ?? '').split(', ').flatMap((name) => {
    const [, dns] = /^DNS:(.+)$/.exec(name) ?? []
    return dns === undefined ? [] : [dns]
  })
  const subject = /(?:^|\n)CN=(.+)/.exec(certificate.subject)?.[1] ?? names[0] ?? ''
  return {
    CertificateArn: arn,
    DomainName: subject,
    SubjectAlternativeNames: names.length > 0 ? names : [subject],
    Subject: certificate.subject.split('\n').join(','),
    Issuer: certificate.issuer.split('\n').join(','),
    Serial: certificate.serialNumber.toLowerCase().replace(/(..)(?=.)/g, '$1:'),
    Status: 'ISSUED',
    Type: 'IMPORTED',
    KeyAlgorithm: algorithm(key),
    ImportedAt: at,
    NotBefore: new Date(certificate.validFrom),
    NotAfter: new Date(certificate.validTo),
  }
}

function algorithm(key: KeyObject): KeyAlgorithm {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  const known =
    key.asymmetricKeyType === 'rsa' ? (`RSA_${modulusLength}` as KeyAlgorithm) : curves[namedCurve ?? '']
  if (known === undefined) throw new Fault('ValidationException', 'The key algorithm is not supported.')
  return known
}
