/** IngressReport (`albatross.dev/v1alpha1`): what became of one Ingress; named as it and owned by it (design D8). */
import { z } from 'zod'
import { conditions, int64, maybe } from './shape.ts'

export const ingressReportStatus = z.object({
  observedGeneration: maybe(int64().describe('The generation of the Ingress that this is about.')),
  group: maybe(z.string().describe('Name of the IngressGroup that it is a member of.')),
  hostname: maybe(z.string().describe('Where its load balancer is reached.')),
  conditions: maybe(conditions.describe('Accepted, Programmed, TargetsHealthy, Exposed.')),
  problems: maybe(
    z
      .array(
        z.object({
          kind: z.string(),
          level: z.enum(['error', 'warning']),
          field: maybe(z.string()),
          message: z.string(),
          remedy: z.string(),
        }),
      )
      .describe('What is wrong with it, and what to do.'),
  ),
  held: maybe(z.array(z.string()).describe('What stays as AWS serves it now because of a problem.')),
  nextRetryTime: maybe(z.string().meta({ format: 'date-time' })),
})

export const ingressReport = z
  .object({ status: maybe(ingressReportStatus) })
  .describe('What became of the Ingress of the same name.')
