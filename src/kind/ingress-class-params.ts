/** IngressClassParams (`elbv2.k8s.aws/v1beta1`): what an IngressClass decides for its Ingresses (`albc-model` 5.1). */
import { z } from 'zod'
import { type DeepReadonly, keyValue, labelSelector, maybe, withRules } from './shape.ts'

const texts = z.array(z.string())
const listener = z.object({
  protocol: maybe(z.string()),
  port: maybe(z.int32()),
  listenerAttributes: maybe(z.array(keyValue)),
})

const subnets = withRules(
  z.object({
    ids: maybe(z.array(z.string().regex(/subnet-[0-9a-f]+/)).min(1)),
    tags: maybe(z.record(z.string(), texts)),
  }),
  [{ rule: 'has(self.ids) != has(self.tags)', message: 'exactly one of ids and tags must be given' }],
)

export const ingressClassParamsSpec = withRules(
  z.object({
    namespaceSelector: maybe(
      labelSelector.describe(
        'Which namespaces may use classes with these params; absent or empty selects all.',
      ),
    ),
    group: maybe(
      z
        .object({ name: z.string().describe('Name of the group.') })
        .describe('The group of all Ingresses of the class.'),
    ),
    loadBalancerName: maybe(z.string().describe('Name of the load balancer.')),
    scheme: maybe(
      z.enum(['internal', 'internet-facing']).describe('Where the load balancer can be reached from.'),
    ),
    ipAddressType: maybe(
      z
        .enum(['ipv4', 'dualstack', 'dualstack-without-public-ipv4'])
        .describe('Address families of the load balancer.'),
    ),
    subnets: maybe(
      subnets.describe('Subnets of the load balancer, by id or by tag; exactly one of the two.'),
    ),
    inboundCIDRs: maybe(texts.describe('Who may connect to the load balancer.')),
    prefixListsIDs: maybe(texts.describe('Prefix lists that may connect to the load balancer.')),
    PrefixListsIDs: maybe(texts.describe('The old spelling of prefixListsIDs.')),
    certificateArn: maybe(texts.describe('ARNs of the certificates of HTTPS listeners.')),
    sslPolicy: maybe(z.string().describe('Security policy of HTTPS listeners.')),
    sslRedirectPort: maybe(z.string().describe('HTTP requests are redirected to this HTTPS port.')),
    tags: maybe(z.array(keyValue).describe('Tags of every AWS resource made for Ingresses of the class.')),
    targetType: maybe(z.enum(['instance', 'ip']).describe('Target type of all target groups.')),
    loadBalancerAttributes: maybe(z.array(keyValue).describe('Attributes of the load balancer.')),
    listeners: maybe(z.array(listener).describe('Attributes of listeners, by protocol and port.')),
    minimumLoadBalancerCapacity: maybe(
      z
        .object({ capacityUnits: z.int32().describe('Load balancer capacity units.') })
        .describe('Capacity that is reserved for the load balancer.'),
    ),
    ipamConfiguration: maybe(
      z
        .object({ ipv4IPAMPoolId: maybe(z.string().describe('Pool that public IPv4 addresses come from.')) })
        .describe('Where the addresses of the load balancer come from.'),
    ),
    wafv2AclArn: maybe(z.string().describe('ARN of the WAFv2 web ACL of the load balancer.')),
    wafv2AclName: maybe(z.string().describe('Name of the WAFv2 web ACL of the load balancer.')),
  }),
  [
    {
      rule: '!(has(self.prefixListsIDs) && has(self.PrefixListsIDs))',
      message: 'prefixListsIDs and PrefixListsIDs must not both be given',
    },
  ],
)
export type IngressClassParamsSpec = DeepReadonly<z.infer<typeof ingressClassParamsSpec>>

export const ingressClassParams = z
  .object({ spec: maybe(ingressClassParamsSpec) })
  .describe('What an IngressClass decides for its Ingresses.')
