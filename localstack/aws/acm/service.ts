/** ACM: request, import, list, describe and delete certificates, and their tags. */
import * as module from '@aws-sdk/client-acm'
import type {
  CertificateDetail,
  CertificateSummary,
  DeleteCertificateRequest,
  DescribeCertificateRequest,
  ListCertificatesRequest,
  ListTagsForCertificateRequest,
} from '@aws-sdk/client-acm'
import type { Account } from '../account.ts'
import { Fault, type Context, type Service } from '../service.ts'
import { removeTags } from '../tag.ts'
import { importCertificate } from './import.ts'
import { certificateNow, certificateTags, requestCertificate } from './request.ts'

/** What ListCertificates shows when no key types are asked for. */
const keyTypesByDefault = ['RSA_1024', 'RSA_2048']
const pageSize = { default: 1000, max: 1000 }
const namesInSummary = 100

function usersOf(account: Account, arn: string): string[] {
  const used = [...account.listeners.values()].filter(({ wire, sniCertificates }) =>
    [...(wire.Certificates ?? []), ...sniCertificates].some(({ CertificateArn }) => CertificateArn === arn),
  )
  return [...new Set(used.map(({ loadBalancerArn }) => loadBalancerArn))].sort()
}

function certificateOf(account: Account, arn: string | undefined): CertificateDetail {
  if (!/^arn:[\w-]+:acm:[\w-]*:\d{12}:certificate\/.+$/.test(arn ?? ''))
    throw new Fault('InvalidArnException', `Invalid ARN ${arn}`)
  const found = account.certificates.get(arn ?? '')
  if (!found) throw new Fault('ResourceNotFoundException', `Could not find certificate ${arn}.`)
  return found
}

function describeCertificate(input: DescribeCertificateRequest, context: Context): unknown {
  const { account } = context
  const detail = certificateNow(certificateOf(account, input.CertificateArn), context)
  return { Certificate: { ...detail, InUseBy: usersOf(account, input.CertificateArn ?? '') } }
}

function deleteCertificate(input: DeleteCertificateRequest, { account }: Context): unknown {
  const arn = input.CertificateArn ?? ''
  certificateOf(account, arn)
  if (usersOf(account, arn).length > 0)
    throw new Fault('ResourceInUseException', `Certificate ${arn} is in use.`)
  account.certificates.delete(arn)
  account.keyPairs.delete(arn)
  removeTags(account, arn)
  account.changed()
  return {}
}

function listCertificates(input: ListCertificatesRequest, context: Context): unknown {
  const { account } = context
  const { MaxItems = pageSize.default, NextToken, Includes = {}, CertificateStatuses: statuses } = input
  if (MaxItems < 1 || MaxItems > pageSize.max)
    throw new Fault(
      'ValidationException',
      `1 validation error detected: Value '${MaxItems}' at 'maxItems' failed to satisfy constraint: Member must be between 1 and ${pageSize.max}`,
    )
  const keyTypes: readonly string[] = Includes.keyTypes?.length ? Includes.keyTypes : keyTypesByDefault
  const all = [...account.certificates.values()].map((detail) => certificateNow(detail, context))
  const matching = all.filter(
    ({ KeyAlgorithm = 'RSA_2048', Status }) =>
      keyTypes.includes(KeyAlgorithm.replace('-', '_')) &&
      (!statuses?.length || statuses.some((status) => status === Status)),
  )
  const start = NextToken === undefined ? 0 : Number(Buffer.from(NextToken, 'base64url').toString())
  if (!Number.isInteger(start)) throw new Fault('ValidationException', 'Invalid NextToken')
  const end = start + MaxItems
  return {
    CertificateSummaryList: matching.slice(start, end).map((detail) => summary(account, detail)),
    ...(end < matching.length ? { NextToken: Buffer.from(String(end)).toString('base64url') } : {}),
  }
}

function summary(account: Account, detail: CertificateDetail): CertificateSummary {
  const names = detail.SubjectAlternativeNames ?? []
  const shared = {
    CertificateArn: detail.CertificateArn,
    DomainName: detail.DomainName,
    Status: detail.Status,
    Type: detail.Type,
    KeyAlgorithm: detail.KeyAlgorithm,
    NotBefore: detail.NotBefore,
    NotAfter: detail.NotAfter,
    CreatedAt: detail.CreatedAt,
    ImportedAt: detail.ImportedAt,
  }
  return {
    ...(Object.fromEntries(
      Object.entries(shared).filter(([, value]) => value !== undefined),
    ) as CertificateSummary),
    SubjectAlternativeNameSummaries: names.slice(0, namesInSummary),
    HasAdditionalSubjectAlternativeNames: names.length > namesInSummary,
    InUse: usersOf(account, detail.CertificateArn ?? '').length > 0,
  }
}

export const acm: Service = {
  signingName: 'acm',
  protocol: 'json',
  target: 'CertificateManager',
  module,
  actions: {
    DeleteCertificate: deleteCertificate,
    DescribeCertificate: describeCertificate,
    ImportCertificate: importCertificate,
    ListCertificates: listCertificates,
    ListTagsForCertificate: (input: ListTagsForCertificateRequest, context: Context) => {
      certificateOf(context.account, input.CertificateArn)
      return certificateTags(input, context)
    },
    RequestCertificate: requestCertificate,
  },
}
