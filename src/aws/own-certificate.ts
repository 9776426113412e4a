/** Certificates that we asked ACM for, into the mirror; only where the gate EnableCertificateManagement is on. */
import type { CertificateDetail, CertificateSummary } from '@aws-sdk/client-acm'
import { ok, type Result } from '../lib/result.ts'
import type { ActualCertificate } from '../model/actual.ts'
import type { AwsError } from '../model/aws-error.ts'
import { clusterTag, stackTag, type Tags } from '../model/tag.ts'
import { bounded } from './bounded.ts'
import { allCertificates } from './certificate.ts'
import { present } from './codec/compact.ts'
import { readTags } from './codec/tag.ts'
import type { Mirror } from './mirror.ts'
import type { Reader } from './read.ts'

/** One call for all, and one for the tags of each that was never seen before: nobody changes those. */
export async function readOwnCertificates(reader: Reader, mirror: Mirror): Promise<Result<void, AwsError>> {
  if (!mirror.certificates.managed) return ok(undefined)
  const beganAt = Date.now()
  const read = await readAll(reader, mirror)
  if (read.ok) {
    mirror.certificates.read(read.value, beganAt)
    return ok(undefined)
  }
  // Nobody but who asks for certificates needs to know.
  if (read.error.kind !== 'denied' && read.error.kind !== 'invalid') return read
  mirror.certificates.refused = read.error
  return ok(undefined)
}

async function readAll(
  reader: Reader,
  { certificates }: Mirror,
): Promise<Result<readonly ActualCertificate[], AwsError>> {
  const listed = await allCertificates(reader)
  if (!listed.ok) return listed
  const asked = listed.value.filter(({ Type }) => Type !== 'IMPORTED')
  certificates.keepTags(asked.map(({ CertificateArn = '' }) => CertificateArn))
  const read = await bounded(asked, 4, async (summary): Promise<Result<ActualCertificate[], AwsError>> => {
    const { CertificateArn: arn = '' } = summary
    const tags = certificates.tagsOf(arn)
    const found = tags ? ok(tags) : await readCertificateTags(reader, arn)
    if (!found.ok) return found
    certificates.noteTags(arn, found.value)
    const isOurs = clusterTag in found.value && stackTag in found.value
    return ok(isOurs ? [certificateOf(summary, found.value)] : [])
  })
  return read.ok ? ok(read.value.flat()) : read
}

async function readCertificateTags(
  { aws, options }: Reader,
  CertificateArn: string,
): Promise<Result<Tags, AwsError>> {
  const { ListTagsForCertificateCommand } = await import('@aws-sdk/client-acm')
  const read = await aws.send(new ListTagsForCertificateCommand({ CertificateArn }), options)
  if (read.ok) return ok(readTags(read.value.Tags))
  // Deleted since it was listed.
  return read.error.kind === 'notFound' ? ok({}) : read
}

const certificateOf = (summary: CertificateSummary, tags: Tags): ActualCertificate => ({
  arn: summary.CertificateArn ?? '',
  status: summary.Status ?? '',
  names: [...(summary.SubjectAlternativeNameSummaries ?? [])].sort(),
  tags,
  createdAt: summary.CreatedAt?.getTime() ?? 0,
})

/** Whether it is issued, and what ACM waits for; undefined: it is gone. */
export async function readCertificate(
  { aws, options }: Reader,
  mirror: Mirror,
  CertificateArn: string,
): Promise<Result<CertificateDetail | undefined, AwsError>> {
  const { DescribeCertificateCommand } = await import('@aws-sdk/client-acm')
  const read = await aws.send(new DescribeCertificateCommand({ CertificateArn }), options)
  if (!read.ok) return read.error.kind === 'notFound' ? ok(undefined) : read
  const { Certificate: detail } = read.value
  const records = (detail?.DomainValidationOptions ?? []).flatMap(({ ResourceRecord: record }) =>
    record ? [{ name: record.Name ?? '', value: record.Value ?? '' }] : [],
  )
  mirror.certificates.learn(CertificateArn, (one) => ({
    ...one,
    ...present({
      status: detail?.Status,
      failure: detail?.FailureReason,
      records: records.length > 0 ? distinct(records) : undefined,
    }),
  }))
  return ok(detail)
}

/** A wildcard and its parent are proved by the same record. */
const distinct = <T extends { readonly name: string }>(records: readonly T[]): readonly T[] => [
  ...new Map(records.map((record) => [record.name, record])).values(),
]
