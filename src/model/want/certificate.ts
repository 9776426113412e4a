/** The certificates of a member's HTTPS ports: named, or found by host name (`albc-model` 9.4). */
import { certificateArn } from '../../annotation/listener.ts'
import { perPort } from '../../annotation/read.ts'
import type { Certificate } from '../facts.ts'
import { annotationsOf, awaitFact, fault, paramsOf, type Scope, take } from './scope.ts'

export function explicitCertificates(scope: Scope): readonly string[] {
  const fromParams = paramsOf(scope)?.certificateArn ?? []
  if (fromParams.length > 0) return fromParams
  return take(scope, perPort(annotationsOf(scope), certificateArn)) ?? []
}

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
