/** What an HTTPS listener has besides actions: its default certificate, policy and mutual authentication. */
import type {
  Certificate,
  Listener,
  MutualAuthenticationAttributes,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { certificateNow } from '../acm/request.ts'
import type { Context } from '../service.ts'
import { compact } from './compact.ts'
import { trustStoreOf } from './lookup.ts'
import { among, invalid, refuse } from './refuse.ts'
import { defaultSslPolicy, sslPolicyExists } from './ssl-policy.ts'

export type Security = Pick<Listener, 'Certificates' | 'SslPolicy' | 'MutualAuthentication'>

export const isSecure = (protocol: string): boolean => protocol === 'HTTPS' || protocol === 'TLS'

/** What is not given stays as it was before; only HTTPS and TLS have any of it. */
export function securityOut(
  context: Context,
  protocol: string,
  given: Security,
  before: Security = {},
): Security {
  if (protocol !== 'HTTPS' && given.MutualAuthentication && given.MutualAuthentication.Mode !== 'off')
    invalid(`Mutual authentication cannot be specified for ${protocol} listeners`)
  if (!isSecure(protocol)) {
    if (given.Certificates?.length) invalid(`Certificates cannot be specified for ${protocol} listeners`)
    if (given.SslPolicy) invalid(`An SSL policy cannot be specified for ${protocol} listeners`)
    return {}
  }
  const SslPolicy = given.SslPolicy ?? before.SslPolicy ?? defaultSslPolicy
  if (!sslPolicyExists(SslPolicy)) refuse('SSLPolicyNotFound', `SSL policy '${SslPolicy}' not found`)
  return {
    Certificates: given.Certificates
      ? [defaultCertificate(context, protocol, given.Certificates)]
      : (before.Certificates ?? invalid(`A certificate must be specified for ${protocol} listeners`)),
    SslPolicy,
    ...(protocol === 'HTTPS' ? { MutualAuthentication: mutualOut(context, given, before) } : {}),
  }
}

function mutualOut(context: Context, given: Security, before: Security): MutualAuthenticationAttributes {
  return given.MutualAuthentication
    ? mutualAuthenticationOut(context, given.MutualAuthentication)
    : (before.MutualAuthentication ?? { Mode: 'off' })
}

function defaultCertificate(
  context: Context,
  protocol: string,
  certificates: readonly Certificate[],
): Certificate {
  const [only, ...more] = certificates
  if (!only) invalid(`A certificate must be specified for ${protocol} listeners`)
  if (more.length > 0) refuse('TooManyCertificates', 'Only one certificate can be specified here')
  return { CertificateArn: usableCertificate(context, only) }
}

/** An ACM certificate must be issued; those of IAM are taken at their word. */
export function usableCertificate(context: Context, { CertificateArn, IsDefault }: Certificate): string {
  if (IsDefault !== undefined) invalid('IsDefault cannot be specified')
  const arn = CertificateArn ?? invalid('A certificate ARN must be specified')
  if (/^arn:[\w-]+:iam::\d{12}:server-certificate\/.+/.test(arn)) return arn
  if (!/^arn:[\w-]+:acm:[\w-]+:\d{12}:certificate\/.+/.test(arn))
    invalid(`Certificate ARN '${arn}' is not valid`)
  const found = context.account.certificates.get(arn)
  const certificate = found && certificateNow(found, context)
  if (!certificate) refuse('CertificateNotFound', `Certificate '${arn}' not found`)
  if (certificate.Status !== undefined && certificate.Status !== 'ISSUED')
    refuse(
      'UnsupportedCertificate',
      `The certificate '${arn}' must have a fully-qualified domain name, a supported signature, and a supported key size`,
    )
  return arn
}

function mutualAuthenticationOut(
  context: Context,
  given: MutualAuthenticationAttributes,
): MutualAuthenticationAttributes {
  const { Mode = 'off', TrustStoreArn, IgnoreClientCertificateExpiry, AdvertiseTrustStoreCaNames } = given
  among('mutualAuthentication.mode', Mode, ['off', 'passthrough', 'verify'])
  if (Mode !== 'verify') {
    if (TrustStoreArn) invalid(`A trust store cannot be specified for mutual authentication mode '${Mode}'`)
    return { Mode }
  }
  if (!TrustStoreArn) invalid("A trust store must be specified for mutual authentication mode 'verify'")
  const store = trustStoreOf(context, TrustStoreArn)
  if (store.wire.Status !== 'ACTIVE') refuse('TrustStoreNotReady', `Trust store '${store.arn}' is not active`)
  among('advertiseTrustStoreCaNames', AdvertiseTrustStoreCaNames, ['on', 'off'])
  return compact<MutualAuthenticationAttributes>({
    Mode,
    TrustStoreArn,
    IgnoreClientCertificateExpiry: IgnoreClientCertificateExpiry ?? false,
    AdvertiseTrustStoreCaNames: AdvertiseTrustStoreCaNames ?? 'off',
    TrustStoreAssociationStatus: 'active',
  })
}
