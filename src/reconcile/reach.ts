/** Through which client a binding's target group is reached, and what a refusal there means for the binding. */
import type { Aws } from '../aws/client.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { TargetGroupBinding } from '../model/cluster.ts'
import { problemOn } from '../model/endpoint.ts'
import type { Problem } from '../model/problem.ts'
import type { Pass } from '../watch/queue.ts'
import { type Context, optionsOf } from './context.ts'
import { delayOf, passesByItself } from './verdict.ts'

/** Told on the binding, and looked at again. */
export type Refused = {
  readonly problems: readonly Problem[]
  readonly retryMs: number
  readonly why: string
}

/** Ours, or one in the role that the binding names; security groups stay ours in any case. */
export async function reachOf(
  binding: TargetGroupBinding,
  pass: Pass,
  { aws, roles, unseen }: Context,
): Promise<Result<Aws, Refused>> {
  const { iamRoleArnToAssume: arn, assumeRoleExternalId: externalId } = binding.spec
  if (!arn) return ok(aws)
  const assumed = await roles.of(
    { arn, ...(externalId ? { externalId } : {}) },
    optionsOf(pass, 'targets', { unseen }),
  )
  if (assumed.ok) return assumed
  const { error } = assumed
  const problem = problemOn(binding, 'error', {
    kind: 'AwsDenied',
    field: 'spec.iamRoleArnToAssume',
    message: `role ${arn} can't be assumed: ${error.code}: ${error.message}`,
    remedy:
      "Let the role's trust policy name the controller's role and the external id, and allow the controller sts:AssumeRole.",
  })
  return fail({ problems: [problem], retryMs: delayOf(error), why: `${error.call}: ${error.code}` })
}

export function refusedAs(binding: TargetGroupBinding, error: AwsError): Refused {
  const why = `${error.call}: ${error.code}`
  const passes = passesByItself(error)
  const problem = problemOn(binding, passes ? 'warning' : 'error', {
    kind: error.kind === 'denied' ? 'AwsDenied' : 'AwsRefused',
    message: `AWS refused ${error.call}: ${error.code}: ${error.message}`,
    remedy: passes
      ? 'Nothing to do: AWS is asked again.'
      : error.kind === 'denied'
        ? `Allow ${error.permission ?? error.call} in the IAM policy of the role.`
        : 'Correct what AWS names.',
  })
  return { problems: [problem], retryMs: delayOf(error), why }
}
