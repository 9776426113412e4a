/** RequestCertificate. There is no DNS here in which a domain could be proved: each request counts as proved after a while. */
import type {
  CertificateDetail,
  ListTagsForCertificateRequest,
  RequestCertificateRequest,
} from '@aws-sdk/client-acm'
import { uuid } from '../ids.ts'
import { Fault, type Context } from '../service.ts'
import { setTags, tagsOf } from '../tag.ts'

const mostNames = 10
const validMs = 395 * 24 * 3600 * 1000
const domain = /^(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])$/

export function requestCertificate(input: RequestCertificateRequest, context: Context): unknown {
  const { account, ids } = context
  const { DomainName = '', SubjectAlternativeNames = [], IdempotencyToken, CertificateAuthorityArn } = input
  const names = [...new Set([DomainName, ...SubjectAlternativeNames])]
  if (
    CertificateAuthorityArn !== undefined &&
    !/^arn:[\w-]+:acm-pca:[\w-]+:\d{12}:certificate-authority\/.+$/.test(CertificateAuthorityArn)
  )
    throw new Fault('InvalidArnException', `Invalid ARN ${CertificateAuthorityArn}`)
  const bad = names.find((name) => !domain.test(name) || name.length > 253)
  if (bad !== undefined)
    throw new Fault(
      'ValidationException',
      `1 validation error detected: Value '${bad}' at 'domainName' failed to satisfy constraint: Member must satisfy regular expression pattern: ${domain.source}`,
    )
  if (names.length > mostNames)
    throw new Fault('LimitExceededException', `The number of names exceeds the limit of ${mostNames}.`)
  const earlier = IdempotencyToken === undefined ? undefined : asked(account).get(IdempotencyToken)
  if (earlier !== undefined && account.certificates.has(earlier)) return { CertificateArn: earlier }
  const arn = `arn:aws:acm:${account.region}:${account.id}:certificate/${uuid(ids, 'certificate')}`
  const detail = detailOf(arn, names, input, context)
  account.certificates.set(arn, isIssuable(names, input) ? detail : failed(detail))
  if (IdempotencyToken !== undefined) asked(account).set(IdempotencyToken, arn)
  setTags(account, arn, input.Tags)
  account.changed()
  return { CertificateArn: arn }
}

/** By idempotency token. */
const requests = new WeakMap<Context['account'], Map<string, string>>()
function asked(account: Context['account']): Map<string, string> {
  const known = requests.get(account) ?? new Map<string, string>()
  requests.set(account, known)
  return known
}

/** Amazon signs no names that nobody can own; a private authority signs all. */
const isIssuable = (
  names: readonly string[],
  { CertificateAuthorityArn: authority }: RequestCertificateRequest,
): boolean => authority !== undefined || !names.some((name) => /\.(?:internal|invalid|local)$/.test(name))

function failed({
  IssuedAt: _issued,
  NotBefore: _from,
  NotAfter: _to,
  ...detail
}: CertificateDetail): CertificateDetail {
  return { ...detail, Status: 'FAILED', FailureReason: 'INVALID_PUBLIC_DOMAIN' }
}

/** As it is by now. */
export function certificateNow(detail: CertificateDetail, { now }: Pick<Context, 'now'>): CertificateDetail {
  const { IssuedAt, Status, DomainValidationOptions: options } = detail
  if (Status !== 'ISSUED' || IssuedAt === undefined || IssuedAt.getTime() <= now) return detail
  const { IssuedAt: _issued, NotBefore: _from, NotAfter: _to, ...pending } = detail
  return {
    ...pending,
    Status: 'PENDING_VALIDATION',
    ...(options
      ? {
          DomainValidationOptions: options.map((one) => ({ ...one, ValidationStatus: 'PENDING_VALIDATION' })),
        }
      : {}),
  }
}

function detailOf(
  CertificateArn: string,
  names: readonly string[],
  {
    DomainName,
    KeyAlgorithm = 'RSA_2048',
    CertificateAuthorityArn,
    ValidationMethod,
  }: RequestCertificateRequest,
  { now, ids, timing }: Context,
): CertificateDetail {
  const at = new Date(now)
  return {
    CertificateArn,
    DomainName,
    SubjectAlternativeNames: [...names],
    Subject: `CN=${DomainName ?? ''}`,
    Status: 'ISSUED',
    KeyAlgorithm,
    CreatedAt: at,
    IssuedAt: new Date(now + timing.certificateIssueMs),
    NotBefore: at,
    NotAfter: new Date(now + validMs),
    RenewalEligibility: 'INELIGIBLE',
    ...(CertificateAuthorityArn === undefined
      ? {
          Type: 'AMAZON_ISSUED',
          Issuer: 'Amazon',
          DomainValidationOptions: names.map((name) => ({
            DomainName: name,
            ValidationDomain: name,
            ValidationStatus: 'SUCCESS',
            ValidationMethod: ValidationMethod ?? 'EMAIL',
            ...(ValidationMethod === 'DNS'
              ? { ResourceRecord: recordFor(name, ids.hex('validation', 32)) }
              : {}),
          })),
        }
      : { Type: 'PRIVATE', CertificateAuthorityArn }),
  }
}

const recordFor = (name: string, token: string) => ({
  Name: `_${token}.${name.replace(/^\*\./, '')}.`,
  Type: 'CNAME' as const,
  Value: `_${token}.acm-validations.aws.`,
})

export const certificateTags = (
  { CertificateArn = '' }: ListTagsForCertificateRequest,
  { account }: Context,
): unknown => ({ Tags: tagsOf(account, CertificateArn) })
