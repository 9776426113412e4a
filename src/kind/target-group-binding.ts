/** TargetGroupBinding (`elbv2.k8s.aws/v1beta1`): which Service's endpoints fill a target group (`albc-model` 5.2). */
import { z } from 'zod'

export const targetGroupBindingSpec = z.object({
  targetGroupARN: z.string().optional(),
})
export type TargetGroupBindingSpec = {
  readonly targetGroupARN?: string
  readonly targetGroupName?: string
  readonly multiClusterTargetGroup?: boolean
  readonly targetType?: 'instance' | 'ip'
  readonly targetGroupProtocol?: string
  readonly serviceRef: { readonly name: string; readonly port: number | string }
  readonly networking?: {
    readonly ingress?: readonly {
      readonly from: readonly {
        readonly ipBlock?: { readonly cidr: string }
        readonly securityGroup?: { readonly groupID: string }
      }[]
      readonly ports: readonly { readonly protocol?: 'TCP' | 'UDP'; readonly port?: number | string }[]
    }[]
  }
  readonly nodeSelector?: {
    readonly matchLabels?: Readonly<Record<string, string>>
    readonly matchExpressions?: readonly {
      readonly key: string
      readonly operator: string
      readonly values?: readonly string[]
    }[]
  }
  readonly ipAddressType?: 'ipv4' | 'ipv6'
  readonly vpcID?: string
  readonly iamRoleArnToAssume?: string
  readonly assumeRoleExternalId?: string
}
