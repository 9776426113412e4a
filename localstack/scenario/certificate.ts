/** Certificates that scenarios import into ACM, or hand to clients. */
import { ImportCertificateCommand } from '@aws-sdk/client-acm'
import type { KeyPair } from '../aws/account.ts'
import { issued, selfSigned } from '../aws/acm/self-signed.ts'
import type { World } from './scenario.ts'

const years = { notBefore: new Date('2020-01-01'), notAfter: new Date('2040-01-01') }

/** The ARN of a certificate for these names. */
export async function importCertificate(
  { acm }: Pick<World, 'acm'>,
  ...names: readonly [string, ...string[]]
): Promise<string> {
  const { certificate, key } = selfSigned({ names, ...years })
  const made = await acm.send(
    new ImportCertificateCommand({ Certificate: Buffer.from(certificate), PrivateKey: Buffer.from(key) }),
  )
  return made.CertificateArn ?? ''
}

/** An authority, or what one vouches for. */
export const certify = (name: string, by?: KeyPair): KeyPair =>
  issued({ names: [name], ...years, ...(by ? { by } : {}) })
