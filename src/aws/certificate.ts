/** Issued certificates of ACM and the names they stand for. */
import type { CertificateStatus, CertificateSummary, KeyAlgorithm } from '@aws-sdk/client-acm'
import { ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { Certificate } from '../model/facts.ts'
import { bounded } from './bounded.ts'
import { present } from './codec/compact.ts'
import type { Reader } from './read.ts'

/** Without them ACM lists RSA up to 2048 bits only. */
const keyTypes: KeyAlgorithm[] = [
  'RSA_1024',
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'EC_prime256v1',
  'EC_secp384r1',
  'EC_secp521r1',
]

/** Without statuses, those of every status. */
export async function allCertificates(
  { aws, options }: Reader,
  statuses: CertificateStatus[] = [],
): Promise<Result<CertificateSummary[], AwsError>> {
  const { ListCertificatesCommand } = await import('@aws-sdk/client-acm')
  const all: CertificateSummary[] = []
  let token: string | undefined
  do {
    const read = await aws.send(
      new ListCertificatesCommand({
        ...(statuses.length > 0 ? { CertificateStatuses: statuses } : {}),
        Includes: { keyTypes },
        MaxItems: 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
      options,
    )
    if (!read.ok) return read
    all.push(...(read.value.CertificateSummaryList ?? []))
    token = read.value.NextToken === '' ? undefined : read.value.NextToken
  } while (token !== undefined)
  return ok(all)
}

/** The issuer is asked for only where an operator restricts it: it costs a call for each private certificate. */
export async function readCertificates(
  { aws, options }: Reader,
  withIssuer: boolean,
): Promise<Result<readonly Certificate[], AwsError>> {
  const { DescribeCertificateCommand } = await import('@aws-sdk/client-acm')
  const summaries = await allCertificates({ aws, options }, ['ISSUED'])
  if (!summaries.ok) return summaries
  const read = await bounded(
    summaries.value,
    4,
    async (summary): Promise<Result<Certificate[], AwsError>> => {
      const { CertificateArn: arn = '', SubjectAlternativeNameSummaries: domains = [] } = summary
      const complete = summary.HasAdditionalSubjectAlternativeNames !== true && domains.length > 0
      if (complete && !(withIssuer && summary.Type === 'PRIVATE')) return ok([{ arn, domains }])
      const one = await aws.send(new DescribeCertificateCommand({ CertificateArn: arn }), options)
      // Deleted since it was listed.
      if (!one.ok) return one.error.kind === 'notFound' ? ok([]) : one
      const { Certificate: detail } = one.value
      return ok([
        present({
          arn,
          domains: detail?.SubjectAlternativeNames ?? domains,
          issuerArn: detail?.CertificateAuthorityArn,
        }),
      ])
    },
  )
  return read.ok ? ok(read.value.flat()) : read
}
