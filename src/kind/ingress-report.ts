/** IngressReport (`albatross.dev/v1alpha1`): what became of one Ingress; named as it and owned by it (design D8). */
import { z } from 'zod'
import { type DeepReadonly, conditions, int64, maybe } from './shape.ts'

const problem = z.object({
  kind: z.string(),
  level: z.enum(['error', 'warning']),
  field: maybe(z.string()),
  message: z.string(),
  remedy: z.string(),
})

export const ingressReportStatus = z.object({
  controller: maybe(
    z.string().describe('Who writes it: the `spec.controller` of the IngressClasses served.'),
  ),
  observedGeneration: maybe(int64().describe('The generation of the Ingress that this is about.')),
  group: maybe(z.string().describe('Name of the IngressGroup that it is a member of.')),
  hostname: maybe(z.string().describe('Where its load balancer is reached.')),
  conditions: maybe(conditions.describe('Accepted, Programmed, TargetsHealthy, Exposed.')),
  problems: maybe(z.array(problem).describe('What is wrong with it, and what to do.')),
  held: maybe(z.array(z.string()).describe('What stays as AWS serves it now because of a problem.')),
  retrySeconds: maybe(
    z
      .int32()
      .describe(
        'What failed is tried again this long after each try, and at once after an edit. Absent: after an edit alone.',
      ),
  ),
})
export type IngressReportStatus = DeepReadonly<z.infer<typeof ingressReportStatus>>

export const ingressReport = z
  .object({ status: maybe(ingressReportStatus) })
  .describe('What became of the Ingress of the same name.')
