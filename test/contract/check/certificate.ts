// ACM: certificates imported, found, tagged, removed.
import assert from 'node:assert/strict'
import {
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  ImportCertificateCommand,
  ListCertificatesCommand,
  ListTagsForCertificateCommand,
  RequestCertificateCommand,
} from '@aws-sdk/client-acm'
import { selfSigned } from '../../../localstack/aws/acm/self-signed.ts'
import { type Bench, check, refused } from '../bench.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const day = 24 * 3600 * 1000
const selfSignedFor = (name: string) =>
  selfSigned({
    names: [name],
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 30 * day),
  })

export async function importCertificate(bench: Bench, name = 'contract.example.com'): Promise<string> {
  const { acm } = bench.clients
  const { certificate, key } = selfSignedFor(name)
  const { CertificateArn } = await acm.send(
    new ImportCertificateCommand({
      Certificate: bytes(certificate),
      PrivateKey: bytes(key),
      Tags: bench.tags,
    }),
  )
  assert.ok(CertificateArn)
  bench.afterwards(async () => {
    await acm.send(new DeleteCertificateCommand({ CertificateArn })).catch((error: Error) => {
      if (error.name !== 'ResourceNotFoundException') throw error
    })
  })
  return CertificateArn
}

async function list({
  clients,
}: Bench): Promise<readonly { arn: string | undefined; names: readonly string[] }[]> {
  const all: { arn: string | undefined; names: readonly string[] }[] = []
  let NextToken: string | undefined
  do {
    const page = await clients.acm.send(
      new ListCertificatesCommand({
        CertificateStatuses: ['ISSUED'],
        Includes: { keyTypes: ['RSA_2048', 'RSA_4096', 'EC_prime256v1', 'EC_secp384r1'] },
        ...(NextToken === undefined ? {} : { NextToken }),
      }),
    )
    for (const one of page.CertificateSummaryList ?? [])
      all.push({ arn: one.CertificateArn, names: one.SubjectAlternativeNameSummaries ?? [] })
    NextToken = page.NextToken
  } while (NextToken !== undefined)
  return all
}

export const certificateChecks = [
  check(
    'certificate/imported',
    'an imported certificate is issued, and told with its names',
    async (bench) => {
      const CertificateArn = await importCertificate(bench)
      const { Certificate } = await bench.clients.acm.send(new DescribeCertificateCommand({ CertificateArn }))
      assert.deepEqual(
        [Certificate?.Status, Certificate?.Type, Certificate?.SubjectAlternativeNames],
        ['ISSUED', 'IMPORTED', ['contract.example.com']],
      )
    },
  ),
  check('certificate/listed', 'it is listed with its names', async (bench) => {
    const arn = await importCertificate(bench)
    await bench.eventually(async () => {
      const found = (await list(bench)).find((one) => one.arn === arn)
      assert.deepEqual(found?.names, ['contract.example.com'])
    })
  }),
  check('certificate/again', 'imported again under its ARN, it keeps that', async (bench) => {
    const CertificateArn = await importCertificate(bench)
    const { certificate, key } = selfSignedFor('contract.example.com')
    const again = await bench.clients.acm.send(
      new ImportCertificateCommand({
        CertificateArn,
        Certificate: bytes(certificate),
        PrivateKey: bytes(key),
      }),
    )
    assert.equal(again.CertificateArn, CertificateArn)
  }),
  check('certificate/tags', 'it has the tags that it was given', async (bench) => {
    const CertificateArn = await importCertificate(bench)
    const { Tags } = await bench.clients.acm.send(new ListTagsForCertificateCommand({ CertificateArn }))
    assert.deepEqual(Tags, bench.tags)
  }),
  check('certificate/requested', 'a requested certificate waits for its validation', async (bench) => {
    const { acm } = bench.clients
    const { CertificateArn } = await acm.send(
      new RequestCertificateCommand({
        DomainName: 'contract.example.com',
        ValidationMethod: 'DNS',
        Tags: bench.tags,
      }),
    )
    bench.afterwards(() => acm.send(new DeleteCertificateCommand({ CertificateArn })))
    await bench.eventually(async () => {
      const { Certificate } = await acm.send(new DescribeCertificateCommand({ CertificateArn }))
      assert.equal(Certificate?.Status, 'PENDING_VALIDATION')
    })
  }),
  check('certificate/in-use', 'one that a listener shows is not deleted', async (bench) => {
    const { loadBalancer } = await bench.shared()
    const CertificateArn = await importCertificate(bench)
    await bench.listener(loadBalancer, { Protocol: 'HTTPS', Port: 8450, Certificates: [{ CertificateArn }] })
    await bench.eventually(() =>
      refused(bench.clients.acm.send(new DeleteCertificateCommand({ CertificateArn })), 'ResourceInUse'),
    )
  }),
  check('certificate/deleted', 'a deleted one is not found', async (bench) => {
    const CertificateArn = await importCertificate(bench)
    const { acm } = bench.clients
    await acm.send(new DeleteCertificateCommand({ CertificateArn }))
    await bench.eventually(() =>
      refused(acm.send(new DescribeCertificateCommand({ CertificateArn })), 'ResourceNotFound'),
    )
  }),
]
