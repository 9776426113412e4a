/** IngressGroup (`albatross.dev/v1alpha1`): one load balancer and who shares it; for operators (design D8). */
import { z } from 'zod'
import { type DeepReadonly, conditions, int64, maybe } from './shape.ts'

const time = (): z.ZodString => z.string().meta({ format: 'date-time' })

const member = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  order: maybe(z.int32()),
  held: maybe(z.boolean()),
  observedGeneration: maybe(int64()),
})
const ruleOwner = z.object({
  ruleArn: z.string(),
  ingressUid: z.string(),
  contentHash: z.string().describe('Of the rule as it was when its member was last good.'),
})
const secretVersion = z.object({ namespace: z.string(), name: z.string(), resourceVersion: z.string() })
const plan = z.object({
  hash: z.string().describe('Equal for plans that do the same.'),
  approve: maybe(z.string().describe('What an approval of the steps that are stopped must name.')),
  time: maybe(time()),
  steps: maybe(
    z
      .array(
        z.object({
          id: z.string(),
          impact: z.enum(['none', 'in place', 'replaces', 'deletes']),
          owner: z.string(),
          reason: z.string(),
          result: maybe(
            z
              .string()
              .describe('`done`, `failed`, `skipped`, `stopped` by a guard, or `planned` in observe mode.'),
          ),
        }),
      )
      .describe('The first of them.'),
  ),
  total: maybe(z.int32().describe('How many steps it has in all.')),
})

export const ingressGroupStatus = z.object({
  controller: maybe(
    z.string().describe('Who writes it: the `spec.controller` of the IngressClasses served.'),
  ),
  stack: maybe(z.string().describe('Name of the group, or `<namespace>/<ingress>` of one without.')),
  loadBalancerArn: maybe(z.string()),
  address: maybe(z.string().describe('DNS name of the load balancer.')),
  listeners: maybe(z.array(z.object({ port: z.int32(), protocol: z.string(), arn: maybe(z.string()) }))),
  members: maybe(z.array(member)),
  ruleOwners: maybe(z.array(ruleOwner).describe('Whose each served rule is.')),
  secrets: maybe(z.array(secretVersion).describe('OIDC Secrets as they were when last used.')),
  quotas: maybe(
    z
      .array(z.object({ name: z.string(), used: z.int32(), limit: z.int32() }))
      .describe('Used of what AWS allows.'),
  ),
  waits: maybe(
    z.array(z.object({ on: z.string(), why: z.string() })).describe('What a running change waits for.'),
  ),
  plan: maybe(plan.describe('The last plan; in observe mode, what would be done.')),
  conditions: maybe(conditions),
})
export type IngressGroupStatus = DeepReadonly<z.infer<typeof ingressGroupStatus>>

export const ingressGroup = z
  .object({ status: maybe(ingressGroupStatus) })
  .describe('One load balancer and the Ingresses that share it.')
