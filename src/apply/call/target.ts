/** Calls on the targets of a target group. */
import { DeregisterTargetsCommand, RegisterTargetsCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Mirror } from '../../aws/mirror.ts'
import { chunks } from '../../lib/chunks.ts'
import type { Call, TargetAddress } from '../../plan/step.ts'
import { type NameOf, type Request, request } from './request.ts'

type Of<Name extends Call['call']> = Extract<Call, { call: Name }>

/** AWS names no limit, and refuses large lists now and then: as many as ALBC sends. */
const targetsPerCall = 200

export const targetCall = (
  { call, targetGroup: arn, targets }: Of<'RegisterTargets'> | Of<'DeregisterTargets'>,
  _: NameOf,
  { registrations }: Mirror,
): Request[] =>
  chunks(targets, targetsPerCall).map((some) => {
    const input = { TargetGroupArn: arn, Targets: some.map(wireTarget) }
    return call === 'RegisterTargets'
      ? request(new RegisterTargetsCommand(input), () =>
          registrations.registered(
            arn,
            some.map((target) => ({ ...target, state: 'unknown' })),
          ),
        )
      : request(new DeregisterTargetsCommand(input), () =>
          registrations.deregistered(
            arn,
            some.map((target) => ({ ...target, state: 'draining' })),
          ),
        )
  })

const wireTarget = ({ id, port, availabilityZone }: TargetAddress) => ({
  Id: id,
  Port: port,
  ...(availabilityZone === undefined ? {} : { AvailabilityZone: availabilityZone }),
})
