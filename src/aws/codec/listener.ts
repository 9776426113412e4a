/** Listeners: wire <-> model. */
import type {
  Certificate,
  Listener,
  MutualAuthenticationAttributes,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { ActualListener, ActualProtocol } from '../../model/actual.ts'
import type { MutualAuthentication } from '../../model/listener.ts'
import type { Tags } from '../../model/tag.ts'
import { readActions } from './action.ts'
import { present, textOrAbsent } from './compact.ts'

/** `sni` is the answer of DescribeListenerCertificates without the entry marked as default. */
export function readListener(listener: Listener, sni: readonly string[], tags: Tags): ActualListener {
  return present({
    arn: listener.ListenerArn ?? '',
    loadBalancerArn: listener.LoadBalancerArn ?? '',
    port: listener.Port ?? 0,
    protocol: readProtocol(listener.Protocol),
    defaultActions: readActions(listener.DefaultActions),
    certificates: [...(listener.Certificates ?? []).map(arnOf).slice(0, 1), ...sni],
    sslPolicy: listener.Protocol === 'HTTPS' ? textOrAbsent(listener.SslPolicy) : undefined,
    mutualAuthentication: readMutualAuthentication(listener.MutualAuthentication),
    tags,
  })
}

const readProtocol = (protocol: string | undefined): ActualProtocol =>
  protocol === 'HTTP' || protocol === 'HTTPS' || protocol === 'TCP' ? protocol : 'other'

const arnOf = ({ CertificateArn = '' }: Certificate): string => CertificateArn

/** DescribeListenerCertificates lists the default too, and again where it is in the list as well. */
export const readSniCertificates = (certificates: readonly Certificate[] | undefined): readonly string[] =>
  (certificates ?? []).filter(({ IsDefault }) => IsDefault !== true).map(arnOf)

/** `off` is the same as none. */
function readMutualAuthentication(
  wire: MutualAuthenticationAttributes | undefined,
): MutualAuthentication | undefined {
  if (wire?.Mode === undefined || wire.Mode === 'off') return undefined
  return present({
    mode: wire.Mode,
    trustStoreArn: textOrAbsent(wire.TrustStoreArn),
    ignoreClientCertificateExpiry: wire.IgnoreClientCertificateExpiry,
    advertiseTrustStoreCaNames: textOrAbsent(wire.AdvertiseTrustStoreCaNames),
  })
}

export const wireMutualAuthentication = (model: MutualAuthentication): MutualAuthenticationAttributes => ({
  Mode: model.mode,
  TrustStoreArn: model.trustStoreArn,
  IgnoreClientCertificateExpiry: model.ignoreClientCertificateExpiry,
  ...(model.advertiseTrustStoreCaNames === undefined
    ? {}
    : { AdvertiseTrustStoreCaNames: model.advertiseTrustStoreCaNames === 'on' ? 'on' : 'off' }),
})
