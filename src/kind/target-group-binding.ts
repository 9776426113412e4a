/** TargetGroupBinding (`elbv2.k8s.aws/v1beta1`): which Service's endpoints fill a target group (`albc-model` 5.2). */
import { z } from 'zod'
import {
  type CelRule,
  condition,
  type DeepReadonly,
  int64,
  intOrString,
  labelSelector,
  maybe,
  withRules,
} from './shape.ts'

const peer = z.object({
  ipBlock: maybe(z.object({ cidr: z.string().describe('IPv4 or IPv6.') })),
  securityGroup: maybe(z.object({ groupID: z.string().describe('Id of the EC2 security group.') })),
})
const port = z.object({
  protocol: maybe(z.enum(['TCP', 'UDP']).describe('TCP unless given.')),
  port: maybe(
    intOrString().describe('A number, or for targets of type ip a port name; all ports if absent.'),
  ),
})
const networking = z.object({
  ingress: maybe(
    z.array(
      z.object({
        from: z.array(peer).describe('Who may reach the targets.'),
        ports: z.array(port).describe('On which ports; none means all of TCP.'),
      }),
    ),
  ),
})

const serviceRef = z.object({
  name: z.string().describe('Name of the Service.'),
  port: intOrString().describe('Port of the Service, by number or name.'),
})
const targetType = z.enum(['instance', 'ip']).describe('Target type of the target group.')
// The model passes on what AWS says, which may be a protocol that is newer than this list.
const protocol: z.ZodType<string> = z
  .enum(['HTTP', 'HTTPS', 'TCP', 'TLS', 'UDP', 'TCP_UDP', 'QUIC', 'TCP_QUIC'])
  .describe('Protocol of the target group.')

/** Set once, then never changed: the targets of one group must not move into another. */
const immutable = (field: string): CelRule => ({
  rule: `!has(oldSelf.${field}) || (has(self.${field}) && self.${field} == oldSelf.${field})`,
  message: `${field} can't be changed; make a new TargetGroupBinding`,
})

export const targetGroupBindingSpec = withRules(
  z.object({
    targetGroupARN: maybe(z.string().describe('ARN of the target group.')),
    targetGroupName: maybe(z.string().describe('Name of the target group; its ARN is looked up.')),
    multiClusterTargetGroup: maybe(
      z.boolean().describe('Other clusters register targets in this target group as well.'),
    ),
    targetType: maybe(targetType),
    targetGroupProtocol: maybe(protocol),
    serviceRef: serviceRef.describe('The Service whose endpoints are registered.'),
    networking: maybe(networking.describe('Who may reach the targets.')),
    nodeSelector: maybe(labelSelector.describe('Which nodes are registered; for targets of type instance.')),
    ipAddressType: maybe(z.enum(['ipv4', 'ipv6']).describe('Address family of the target group.')),
    vpcID: maybe(z.string().describe('VPC of the target group.')),
    iamRoleArnToAssume: maybe(z.string().describe('IAM role through which the target group is reached.')),
    assumeRoleExternalId: maybe(z.string().describe('External id given when the role is assumed.')),
  }),
  [
    {
      rule: 'has(self.targetGroupARN) || has(self.targetGroupName)',
      message: 'targetGroupARN or targetGroupName must be given',
    },
    {
      rule: "!has(self.nodeSelector) || !has(self.targetType) || self.targetType != 'ip'",
      message: 'nodeSelector is for targets of type instance',
    },
    {
      rule: "!has(self.iamRoleArnToAssume) || !has(self.targetType) || self.targetType != 'instance'",
      message: 'iamRoleArnToAssume is for targets of type ip',
    },
    immutable('targetGroupARN'),
    immutable('targetType'),
    immutable('ipAddressType'),
    immutable('vpcID'),
  ],
)
export type TargetGroupBindingSpec = DeepReadonly<z.infer<typeof targetGroupBindingSpec>>

const observed = { observedGeneration: maybe(int64().describe('The generation that was acted on.')) }

export const targetGroupBinding = z
  .object({
    spec: maybe(targetGroupBindingSpec),
    status: maybe(z.object({ ...observed, conditions: maybe(z.array(condition)) })),
  })
  .describe("Registers a Service's endpoints in a target group.")

/** The older version that ALBC still serves; objects are stored as v1beta1. */
export const targetGroupBindingV1alpha1 = z
  .object({
    spec: maybe(
      z.object({
        targetGroupARN: maybe(z.string().describe('ARN of the target group.')),
        targetGroupName: maybe(z.string().describe('Name of the target group.')),
        multiClusterTargetGroup: maybe(z.boolean()),
        targetType: maybe(targetType),
        serviceRef,
        networking: maybe(networking),
        iamRoleArnToAssume: maybe(z.string()),
        assumeRoleExternalId: maybe(z.string()),
      }),
    ),
    status: maybe(z.object(observed)),
  })
  .describe("Registers a Service's endpoints in a target group.")
