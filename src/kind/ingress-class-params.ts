/** IngressClassParams (`elbv2.k8s.aws/v1beta1`): what an IngressClass decides for its Ingresses (`albc-model` 5.1). */
type KeyValue = { readonly key: string; readonly value: string }

export type IngressClassParamsSpec = {
  readonly namespaceSelector?: {
    readonly matchLabels?: Readonly<Record<string, string>>
    readonly matchExpressions?: readonly {
      readonly key: string
      readonly operator: string
      readonly values?: readonly string[]
    }[]
  }
  readonly group?: { readonly name: string }
  readonly loadBalancerName?: string
  readonly scheme?: 'internal' | 'internet-facing'
  readonly ipAddressType?: 'ipv4' | 'dualstack' | 'dualstack-without-public-ipv4'
  readonly subnets?: {
    readonly ids?: readonly string[]
    readonly tags?: Readonly<Record<string, readonly string[]>>
  }
  readonly inboundCIDRs?: readonly string[]
  readonly prefixListsIDs?: readonly string[]
  readonly PrefixListsIDs?: readonly string[]
  readonly certificateArn?: readonly string[]
  readonly sslPolicy?: string
  readonly sslRedirectPort?: string
  readonly tags?: readonly KeyValue[]
  readonly targetType?: 'instance' | 'ip'
  readonly loadBalancerAttributes?: readonly KeyValue[]
  readonly listeners?: readonly {
    readonly protocol?: string
    readonly port?: number
    readonly listenerAttributes?: readonly KeyValue[]
  }[]
  readonly minimumLoadBalancerCapacity?: { readonly capacityUnits: number }
  readonly ipamConfiguration?: { readonly ipv4IPAMPoolId?: string }
  readonly wafv2AclArn?: string
  readonly wafv2AclName?: string
}
