/** Problems and outcomes as events: the object at fault, ALBC's reason where it means the same, and what to do. */
import type { AwsError } from '../model/aws-error.ts'
import type { ObjectRef, Problem, ProblemKind } from '../model/problem.ts'
import type { StepResult } from '../plan/outcome.ts'

export type Event = {
  readonly on: ObjectRef
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  /** Where it is explained. */
  readonly help?: string
  /** Many may come at once, and none of them is urgent. */
  readonly patient?: true
}

/** ALBC has one reason for all that makes its model fail; ours says which, but for the two that its users alert on. */
const reasons: Partial<Record<ProblemKind, string>> = {
  InvalidGroup: 'FailedLoadGroupID',
  AwsRefused: 'FailedDeployModel',
  AwsDenied: 'FailedDeployModel',
  TargetGroupMissing: 'BackendNotFound',
}

/** Of the project's documentation: the heading is the kind. */
const helpOn = (kind: ProblemKind): string => `docs/problems.md#${kind.toLowerCase()}`

export function eventOf(problem: Problem): Event {
  const field =
    problem.field === undefined || problem.message.includes(problem.field) ? '' : `${problem.field}: `
  return {
    on: problem.on,
    type: 'Warning',
    reason: reasons[problem.kind] ?? problem.kind,
    message: `${field}${sentence(problem.message)} ${sentence(problem.remedy)}`.trim(),
    help: helpOn(problem.kind),
    ...(problem.kind === 'PreStopTooShort' ? { patient: true } : {}),
  }
}

export const reconciled = (on: ObjectRef): Event => ({
  on,
  type: 'Normal',
  reason: 'SuccessfullyReconciled',
  message: 'Successfully reconciled',
})

/** A refusal by AWS, charged to the member whose step it was. */
export const problemOf = (
  { error, step }: Extract<StepResult, { result: 'failed' }>,
  on: ObjectRef,
): Problem => refusal(error, on, step.reason)

/** `why`: what the call was for. */
export function refusal(error: AwsError, on: ObjectRef, why?: string): Problem {
  const said = withoutTicket(error.message)
  if (error.kind === 'denied') {
    const kubernetes = error.call.startsWith('kubernetes:')
    const permission = error.permission ?? error.call.replace(/^elbv2:/, 'elasticloadbalancing:')
    return {
      kind: 'AwsDenied',
      on,
      level: 'error',
      message: `${kubernetes ? 'The API server' : 'AWS'} denied ${error.call}: ${said}`,
      remedy: kubernetes
        ? "Allow it in the controller's ClusterRole."
        : `Allow ${permission} in the IAM policy of the controller's role.`,
    }
  }
  return {
    kind: 'AwsRefused',
    on,
    level: 'error',
    message: `AWS refused ${error.call}${why === undefined ? '' : ` (${why})`}: ${error.code}: ${said}`,
    remedy: remedies[error.kind],
  }
}

/** EC2 ends each denial with a text that differs from call to call: it would be news each time. */
const withoutTicket = (message: string): string =>
  message.replace(/\s*Encoded authorization failure message:.*$/s, '')

const remedies: Readonly<Record<AwsError['kind'], string>> = {
  throttled: 'Nothing to do: the call is made again when AWS allows it.',
  notFound: 'Nothing to do: the load balancer is read again and the change planned anew.',
  exists: 'Something of that name exists that is not ours; rename or remove it.',
  inUse: 'Nothing to do: the call is made again when nothing uses it any more.',
  quota: 'Raise the quota in Service Quotas, or move some Ingresses to another group.',
  denied: "Allow the call in the IAM policy of the controller's role.",
  invalid: 'Correct the setting that AWS names; the rest of the group is served.',
  unavailable: 'Nothing to do: AWS is asked again.',
  unknown: 'Nothing to do: the load balancer is read again before the next change.',
}

const sentence = (text: string): string => (text === '' || /[.!?]$/.test(text) ? text : `${text}.`)
