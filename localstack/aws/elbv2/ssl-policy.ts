/** DescribeSSLPolicies: the predefined policies of application load balancers. */
import type {
  DescribeSSLPoliciesInput,
  DescribeSSLPoliciesOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Context } from '../service.ts'
import { page } from './page.ts'
import { refuse } from './refuse.ts'

export const defaultSslPolicy = 'ELBSecurityPolicy-2016-08'

const tls13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']
const gcm = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
]
const cbc = [
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA384',
]
const sha1 = [
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
]
const rsa = ['AES128-GCM-SHA256', 'AES128-SHA256', 'AES256-GCM-SHA384', 'AES256-SHA256']
const rsaSha1 = ['AES128-SHA', 'AES256-SHA']
const everything = [...gcm, ...cbc, ...sha1, ...rsa, ...rsaSha1]

const from = (oldest: 0 | 1 | 2 | 3, newest: 2 | 3): string[] =>
  ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'].slice(oldest, newest + 1)
const policies: Readonly<Record<string, readonly [protocols: string[], ciphers: string[]]>> = {
  'ELBSecurityPolicy-2016-08': [from(0, 2), everything],
  'ELBSecurityPolicy-TLS13-1-3-2021-06': [from(3, 3), tls13],
  'ELBSecurityPolicy-TLS13-1-2-Res-2021-06': [from(2, 3), [...tls13, ...gcm]],
  'ELBSecurityPolicy-TLS13-1-2-2021-06': [from(2, 3), [...tls13, ...gcm, ...cbc]],
  'ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06': [from(2, 3), [...tls13, ...gcm, ...cbc, ...rsa]],
  'ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06': [from(2, 3), [...tls13, ...everything]],
  'ELBSecurityPolicy-TLS13-1-1-2021-06': [from(1, 3), [...tls13, ...everything]],
  'ELBSecurityPolicy-TLS13-1-0-2021-06': [from(0, 3), [...tls13, ...everything]],
  'ELBSecurityPolicy-TLS13-1-3-PQ-2025-09': [from(3, 3), tls13],
  'ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09': [from(2, 3), [...tls13, ...gcm]],
  'ELBSecurityPolicy-TLS13-1-2-PQ-2025-09': [from(2, 3), [...tls13, ...gcm, ...cbc]],
  'ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04': [from(3, 3), tls13.slice(0, 2)],
  'ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04': [from(2, 3), [...tls13.slice(0, 2), ...gcm]],
  'ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04': [from(2, 3), [...tls13.slice(0, 2), ...gcm, ...cbc]],
  'ELBSecurityPolicy-TLS-1-2-Ext-2018-06': [from(2, 2), everything],
  'ELBSecurityPolicy-TLS-1-2-2017-01': [from(2, 2), [...gcm, ...cbc, ...rsa]],
  'ELBSecurityPolicy-TLS-1-1-2017-01': [from(1, 2), everything],
  'ELBSecurityPolicy-FS-1-2-Res-2020-10': [from(2, 2), gcm],
  'ELBSecurityPolicy-FS-1-2-Res-2019-08': [from(2, 2), [...gcm, ...cbc]],
  'ELBSecurityPolicy-FS-1-2-2019-08': [from(2, 2), [...gcm, ...cbc, ...sha1]],
  'ELBSecurityPolicy-FS-1-1-2019-08': [from(1, 2), [...gcm, ...cbc, ...sha1]],
  'ELBSecurityPolicy-FS-2018-06': [from(0, 2), [...gcm, ...cbc, ...sha1]],
  'ELBSecurityPolicy-2015-05': [from(0, 2), everything],
}

export function sslPolicyExists(name: string): boolean {
  return Object.hasOwn(policies, name)
}

type Handshake = { readonly protocols: readonly string[]; readonly ciphers: readonly string[] }

/** For the data plane: oldest protocol first, best cipher first. */
export function handshakeOf(name: string): Handshake {
  const [protocols, ciphers] = policies[name] ?? policies[defaultSslPolicy] ?? [[], []]
  return { protocols, ciphers }
}

export function describeSslPolicies(
  input: DescribeSSLPoliciesInput,
  _context: Context,
): DescribeSSLPoliciesOutput {
  const names = input.Names?.length ? input.Names : Object.keys(policies)
  const { items, NextMarker } = page(names, input, (name) => name)
  return {
    SslPolicies: items.map((Name) => {
      const [protocols, ciphers] =
        policies[Name] ?? refuse('SSLPolicyNotFound', `SSL policy '${Name}' not found`)
      return {
        Name,
        SslProtocols: protocols,
        Ciphers: ciphers.map((cipher, index) => ({ Name: cipher, Priority: index + 1 })),
        SupportedLoadBalancerTypes: ['application', 'network'],
      }
    }),
    NextMarker,
  }
}
