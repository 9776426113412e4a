/** Security groups and their ingress permissions, one source each (`albc-model` 10.4, 11.9). */
import type { Ref } from './ref.ts'
import type { Tags } from './tag.ts'

export type PermissionSource =
  | { readonly cidr: string }
  | { readonly cidrV6: string }
  | { readonly prefixListId: string }
  | { readonly securityGroup: string | Ref }

/** Equal by protocol, ports and source; the description never counts. */
export type Permission = {
  /** `tcp`, `udp`, or `-1` for all. */
  readonly protocol: string
  /** Absent with `-1`. */
  readonly fromPort?: number
  readonly toPort?: number
  readonly source: PermissionSource
  readonly description?: string
}

export type SecurityGroup = {
  readonly ref: Ref
  readonly name: string
  readonly description: string
  readonly tags: Tags
  readonly ingress: readonly Permission[]
  /** Ports that a held member may narrow: whom AWS lets in there stays; `ingress` is for where nobody is let in yet. */
  readonly unsure?: readonly number[]
}
