/** AddListenerCertificates, RemoveListenerCertificates, DescribeListenerCertificates. */
import type {
  AddListenerCertificatesInput,
  AddListenerCertificatesOutput,
  Certificate,
  DescribeListenerCertificatesInput,
  DescribeListenerCertificatesOutput,
  RemoveListenerCertificatesInput,
  RemoveListenerCertificatesOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { ListenerRecord } from '../account.ts'
import type { Context } from '../service.ts'
import { usableCertificate } from './listener-security.ts'
import { listenerOf, listenersOf, seenOrMissing } from './lookup.ts'
import { page } from './page.ts'
import { quota } from './quota.ts'
import { invalid, notEmpty, refuse } from './refuse.ts'

function onlyOne(certificates: readonly Certificate[] | undefined): Certificate {
  notEmpty('certificates', certificates)
  const [only, ...more] = certificates ?? []
  if (!only || more.length > 0) invalid('You must specify exactly one certificate')
  return only
}
function defaultArn({ wire }: ListenerRecord): string | undefined {
  return wire.Certificates?.[0]?.CertificateArn
}
function holds(listener: ListenerRecord, arn: string): boolean {
  return listener.sniCertificates.some(({ CertificateArn }) => CertificateArn === arn)
}

export function addListenerCertificates(
  input: AddListenerCertificatesInput,
  context: Context,
): AddListenerCertificatesOutput {
  const { account } = context
  const listener = seenOrMissing(context, 'listener', listenerOf(context, input.ListenerArn))
  const CertificateArn = usableCertificate(context, onlyOne(input.Certificates))
  if (listener.wire.Protocol !== 'HTTPS')
    refuse('UnsupportedProtocol', 'Certificates can be added to HTTPS listeners only')
  if (!holds(listener, CertificateArn)) {
    const max = quota(account, 'certificates-per-application-load-balancer')
    const all = listenersOf(context, listener.loadBalancerArn).flatMap((other) => other.sniCertificates)
    if (all.length >= max)
      refuse(
        'TooManyCertificates',
        `The maximum number of certificates per load balancer '${max}' has been reached`,
      )
    listener.sniCertificates = [...listener.sniCertificates, { CertificateArn }]
    account.changed()
  }
  return { Certificates: [{ CertificateArn, IsDefault: false }] }
}

export function removeListenerCertificates(
  input: RemoveListenerCertificatesInput,
  context: Context,
): RemoveListenerCertificatesOutput {
  const listener = listenerOf(context, input.ListenerArn)
  const { CertificateArn } = onlyOne(input.Certificates)
  if (CertificateArn === defaultArn(listener))
    refuse('OperationNotPermitted', 'Default certificate cannot be removed')
  listener.sniCertificates = listener.sniCertificates.filter(
    (certificate) => certificate.CertificateArn !== CertificateArn,
  )
  context.account.changed()
  return {}
}

export function describeListenerCertificates(
  input: DescribeListenerCertificatesInput,
  context: Context,
): DescribeListenerCertificatesOutput {
  const listener = seenOrMissing(context, 'listener', listenerOf(context, input.ListenerArn))
  const first = defaultArn(listener)
  const all: Certificate[] = [
    ...(first === undefined ? [] : [{ CertificateArn: first, IsDefault: true }]),
    ...listener.sniCertificates.map(({ CertificateArn }) => ({ CertificateArn, IsDefault: false })),
  ]
  const { items, NextMarker } = page(all, input, (c) => `${String(c.IsDefault)}:${c.CertificateArn ?? ''}`)
  return { Certificates: items, NextMarker }
}
