/** Mutual TLS: what a listener asks of a client's certificate, who passes, and what targets are told of it. */
import { X509Certificate } from 'node:crypto'
import type { MutualAuthenticationAttributes } from '@aws-sdk/client-elastic-load-balancing-v2'
import { type DetailedPeerCertificate, TLSSocket } from 'node:tls'
import type { Account } from '../aws/account.ts'
import { certificatesIn } from '../aws/elbv2/bundle.ts'
import type { Headers } from './header.ts'

export type ClientCertificates = {
  readonly mode: 'passthrough' | 'verify'
  /** Of the trust store; none for passthrough. */
  readonly authorities: readonly X509Certificate[]
  /** Their names are sent to the client. */
  readonly advertised: boolean
  readonly ignoreExpiry: boolean
}

/** AWS follows no longer chain. */
const longestChain = 4

/** Undefined where nobody is asked. */
export function clientCertificatesOf(
  account: Account,
  given: MutualAuthenticationAttributes | undefined,
): ClientCertificates | undefined {
  const { Mode, TrustStoreArn = '', AdvertiseTrustStoreCaNames, IgnoreClientCertificateExpiry } = given ?? {}
  if (Mode !== 'verify' && Mode !== 'passthrough') return undefined
  return {
    mode: Mode,
    authorities:
      Mode === 'verify' ? certificatesIn(account.trustStores.get(TrustStoreArn)?.bundle ?? '') : [],
    advertised: AdvertiseTrustStoreCaNames === 'on',
    ignoreExpiry: IgnoreClientCertificateExpiry === true,
  }
}

/** Own first; empty for a client that showed none. */
function shownBy(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = []
  const seen = new Set<string>()
  let one: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  while (one?.raw !== undefined && !seen.has(one.fingerprint256)) {
    seen.add(one.fingerprint256)
    chain.push(new X509Certificate(one.raw))
    one = one.issuerCertificate as DetailedPeerCertificate | undefined
  }
  return chain
}

/** Whether the load balancer goes on with a client after the handshake; `now` in epoch milliseconds. */
export function isAdmitted(
  socket: TLSSocket,
  { mode, authorities, ignoreExpiry }: ClientCertificates,
  now: number,
): boolean {
  if (mode === 'passthrough') return true
  const [own, ...between] = shownBy(socket)
  if (own === undefined) return false
  const isTimely = (one: X509Certificate): boolean =>
    ignoreExpiry || (Date.parse(one.validFrom) <= now && now <= Date.parse(one.validTo))
  const signed = (one: X509Certificate, by: X509Certificate): boolean =>
    by.ca && isTimely(by) && one.checkIssued(by) && one.verify(by.publicKey)
  const isTrusted = (one: X509Certificate, depth: number): boolean =>
    authorities.some((by) => signed(one, by)) ||
    (depth < longestChain && between.some((by) => by !== one && signed(one, by) && isTrusted(by, depth + 1)))
  return isTimely(own) && isTrusted(own, 1)
}

type Told = {
  readonly attributes: ReadonlyMap<string, string>
  readonly clientCertificates?: ClientCertificates
}

/** Under the names that the listener's attributes give them. */
export function certificateHeaders(socket: unknown, { attributes, clientCertificates }: Told): Headers {
  if (!clientCertificates || !(socket instanceof TLSSocket)) return []
  const chain = shownBy(socket)
  const [own] = chain
  if (own === undefined) return []
  const all: Headers =
    clientCertificates.mode === 'passthrough'
      ? [['X-Amzn-Mtls-Clientcert', encoded(chain)]]
      : [
          ['X-Amzn-Mtls-Clientcert-Serial-Number', own.serialNumber],
          ['X-Amzn-Mtls-Clientcert-Issuer', distinguished(own.issuer)],
          ['X-Amzn-Mtls-Clientcert-Subject', distinguished(own.subject)],
          ['X-Amzn-Mtls-Clientcert-Validity', `NotBefore=${iso(own.validFrom)};NotAfter=${iso(own.validTo)}`],
          ['X-Amzn-Mtls-Clientcert-Leaf', encoded([own])],
        ]
  return all.map(([name, value]) => {
    const attribute = `routing.http.request.${name.toLowerCase().replaceAll('-', '_')}.header_name`
    return [attributes.get(attribute) || name, value]
  })
}

/** URL-encoded PEM, in which `+`, `=` and `/` stand for themselves. */
const encoded = (chain: readonly X509Certificate[]): string =>
  encodeURIComponent(chain.map((one) => one.toString()).join('')).replace(/%2B|%3D|%2F/g, decodeURIComponent)

/** RFC 2253: the last part first. */
const distinguished = (name: string): string => name.split('\n').reverse().join(',')
const iso = (text: string): string => new Date(text).toISOString().replace('.000Z', 'Z')
