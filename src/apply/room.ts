/** Quotas that AWS just said are used up: what would ask for the same room is refused without a call. */
import type { AwsError } from '../model/aws-error.ts'
import type { StepResult } from '../plan/outcome.ts'
import type { Name, Step } from '../plan/step.ts'

/** By AWS's code: the call that it refuses whatever else is in it. */
const calls: Readonly<Record<string, Step['call']>> = {
  TooManyRules: 'CreateRule',
  TooManyListeners: 'CreateListener',
  TooManyTargetGroups: 'CreateTargetGroup',
  TooManyLoadBalancers: 'CreateLoadBalancer',
}

export type Room = {
  note(result: StepResult): void
  /** What AWS said of the like, if it did. */
  refusal(step: Step): AwsError | undefined
}

export function createRoom(keyOf: (name: Name) => string): Room {
  const refused = new Map<string, AwsError>()
  const roomOf = (step: Step): string => {
    if (step.call === 'CreateRule') return `CreateRule ${keyOf(step.listener)}`
    if (step.call === 'CreateListener') return `CreateListener ${keyOf(step.loadBalancer)}`
    return step.call
  }
  return {
    note: (one) => {
      if (one.result !== 'failed') return
      const { error, step } = one
      if (calls[error.code.replace(/Exception$/, '')] === step.call) refused.set(roomOf(step), error)
    },
    refusal: (step) => (refused.size === 0 ? undefined : refused.get(roomOf(step))),
  }
}
