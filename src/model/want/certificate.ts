/** The certificates of a member's HTTPS ports: named, or found by host name (`albc-model` 9.4). */
import { acmPcaArn, certificateArn, createAcmCert } from '../../annotation/listener.ts'
import { own, perPort } from '../../annotation/read.ts'
import { keyOf } from '../../annotation/define.ts'
import { certificateId, type OwnCertificate } from '../certificate.ts'
import type { Certificate } from '../facts.ts'
import { mergeTags, type Tags, trackingTags } from '../tag.ts'
import { annotationsOf, awaitFact, fault, paramsOf, type Scope, take } from './scope.ts'

export function explicitCertificates(scope: Scope): readonly string[] {
  const fromParams = paramsOf(scope)?.certificateArn ?? []
  if (fromParams.length > 0) return fromParams
  return take(scope, perPort(annotationsOf(scope), certificateArn)) ?? []
}

/** What the member asks ACM for. Neither true nor false asks for nothing, as with ALBC. */
export function askedCertificate(scope: Scope): Omit<OwnCertificate, 'tags'> | undefined {
  const { member, world } = scope
  const { settings, stack } = world
  if (!settings.featureGates.EnableCertificateManagement) return undefined
  const wanted = own(annotationsOf(scope), createAcmCert)
  if (!wanted.ok || !wanted.value || explicitCertificates(scope).length > 0) return undefined
  const hosts = hostsOf(scope)
  if (hosts.length === 0)
    return fault(scope, 'CertificateNotFound', {
      field: keyOf(createAcmCert),
      message: `ingress ${member.key} has create-acm-cert enabled but no hostnames defined in spec.rules[].host or spec.tls[].hosts`,
      remedy: 'Write a host in spec.rules or spec.tls: the certificate is made for those.',
    })
  const authorityArn = take(scope, own(annotationsOf(scope), acmPcaArn)) || settings.defaultPcaArn
  return {
    ref: { ref: 'certificate', stack, id: certificateId(member.key, hosts, authorityArn) },
    owner: member.key,
    hosts,
    ...(authorityArn === undefined ? {} : { authorityArn }),
  }
}

/** Default tags win here, whatever the gate says. */
export const withTags = (
  asked: Omit<OwnCertificate, 'tags'>,
  { world: { settings, stack } }: Scope,
  tags: Tags,
): OwnCertificate => ({
  ...asked,
  tags: {
    ...mergeTags(settings.defaultTags, tags),
    ...trackingTags(settings, stack, asked.ref.id),
  },
})

function hostsOf(scope: Scope): readonly string[] {
  const { rules = [], tls = [] } = scope.member.ingress.spec
  const hosts = [...rules.map(({ host }) => host ?? ''), ...tls.flatMap(({ hosts: more }) => more ?? [])]
  return [...new Set(hosts.filter((host) => host !== ''))].toSorted()
}

/** All that match, sorted by ARN: the smallest is the default. */
export function discoverCertificates(scope: Scope): readonly string[] {
  const { certificates } = scope.world.facts
  if (certificates === undefined) {
    awaitFact(scope, (asked) => {
      asked.certificates = true
    })
    return []
  }
  const allowed = scope.world.settings.allowedCertificateAuthorityArns
  const usable = certificates.filter(
    ({ issuerArn }) => allowed.length === 0 || (issuerArn !== undefined && allowed.includes(issuerArn)),
  )
  const hosts = hostsOf(scope)
  if (hosts.length === 0)
    fault(scope, 'CertificateNotFound', {
      field: 'spec.rules.host',
      message: 'an HTTPS listener needs a certificate, and there is no host to find one by',
      remedy: 'Write alb.ingress.kubernetes.io/certificate-arn, or a host in spec.rules or spec.tls.',
    })
  const found = hosts.flatMap((host) => {
    const matching = usable.filter((certificate) => serves(certificate, host))
    if (matching.length === 0)
      fault(scope, 'CertificateNotFound', {
        field: 'spec.rules.host',
        message: `no certificate found for host: ${host}`,
        remedy: `Issue or import a certificate for ${host} in ACM, or write alb.ingress.kubernetes.io/certificate-arn.`,
      })
    return matching.map(({ arn }) => arn)
  })
  return [...new Set(found)].toSorted()
}

const serves = ({ domains }: Certificate, host: string): boolean =>
  domains.some(
    (domain) =>
      domain === host ||
      (domain.startsWith('*.') &&
        domain.split('.').length === host.split('.').length &&
        domain.slice(1) === host.slice(host.indexOf('.'))),
  )
