/** Looks a target group up for the webhook of bindings, on a replica that leads or not: a client of its own, which only reads. */
import { type AwsSettings, createAws, type SendOptions } from '../aws/client.ts'
import { createRoles } from '../aws/role.ts'
import { findTargetGroup } from '../aws/target-group.ts'
import type { FindTargetGroup } from './binding-default.ts'

/** Less than the API server waits. */
const longestMs = 4_000

export function createFinder(
  settings: AwsSettings,
  clusterName: string,
): { readonly find: FindTargetGroup; close(): void } {
  const aws = createAws(settings)
  const roles = createRoles(aws, clusterName, (credentials) => createAws({ ...settings, credentials }))
  return {
    find: async ({ targetGroupARN, targetGroupName = '', ...spec }, signal) => {
      const options: SendOptions = {
        purpose: 'targets',
        priority: 'user',
        deadline: Date.now() + longestMs,
        signal,
      }
      const { iamRoleArnToAssume: arn, assumeRoleExternalId: externalId } = spec
      const reached = arn
        ? await roles.of({ arn, ...(externalId ? { externalId } : {}) }, options)
        : undefined
      if (reached?.ok === false) return reached
      const reader = { aws: reached?.value ?? aws, options }
      return findTargetGroup(reader, targetGroupARN ? { arn: targetGroupARN } : { name: targetGroupName })
    },
    close: () => {
      roles.close()
      aws.close()
    },
  }
}
