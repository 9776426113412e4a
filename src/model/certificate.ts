/** Certificates of ACM that the controller asks for (ALBC: `create-acm-cert`, behind the gate EnableCertificateManagement). */
import { sha256 } from '../lib/hash.ts'
import type { IngressKey } from './choice.ts'
import { refKey, type Ref } from './ref.ts'
import type { Tags } from './tag.ts'

export type OwnCertificate = {
  /** Its id names the kind, the first host, and by a hash the Ingress. */
  readonly ref: Ref
  readonly owner: IngressKey
  /** Sorted; the first is the domain name of the certificate. */
  readonly hosts: readonly string[]
  /** Of a private authority; absent: signed by Amazon. */
  readonly authorityArn?: string
  /** User tags with the tracking tags. */
  readonly tags: Tags
}

/** What stands in a listener's certificates for one that AWS may not have named yet. */
export const certificateName = ({ ref }: Pick<OwnCertificate, 'ref'>): string => refKey(ref)

/** All certificates of one Ingress end so, whatever their kind and hosts. */
const suffixOf = (ingress: IngressKey): string => `-${sha256(ingress).slice(0, 8)}`

export const certificateId = (
  ingress: IngressKey,
  [first = '']: readonly string[],
  authorityArn: string | undefined,
): string =>
  `${authorityArn === undefined ? 'amazon_issued' : 'private'}/${first.replaceAll('*', 'wildcard')}${suffixOf(ingress)}`

export const isOfIngress = (certificateIdOf: string | undefined, ingress: IngressKey): boolean =>
  certificateIdOf?.endsWith(suffixOf(ingress)) === true
