/** RequestCertificate. There is no DNS here in which a domain could be proved: each request counts as proved at once. */
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
  const { DomainName = '', SubjectAlternativeNames = [], IdempotencyToken } = input
  const names = [...new Set([DomainName, ...SubjectAlternativeNames])]
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
  account.certificates.set(arn, detailOf(arn, names, input, context))
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

function detailOf(
  CertificateArn: string,
  names: readonly string[],
  {
    DomainName,
    KeyAlgorithm = 'RSA_2048',
    CertificateAuthorityArn,
    ValidationMethod,
  }: RequestCertificateRequest,
  { now, ids }: Context,
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
    IssuedAt: at,
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
