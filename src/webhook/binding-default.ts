/** What a new TargetGroupBinding leaves out, from its target group, as ALBC's mutator fills it; the targets loop does the same afterwards. */
import type { TargetGroupBindingSpec } from '../kind/target-group-binding.ts'
import type { Result } from '../lib/result.ts'
import type { ActualTargetGroup } from '../model/actual.ts'
import type { AwsError } from '../model/aws-error.ts'
import { isComplete, statedBy } from '../model/binding.ts'
import type { Asked, Verdict } from './review.ts'

/** The target group that a spec names, through the role that it names; undefined: there is none. */
export type FindTargetGroup = (
  spec: Partial<TargetGroupBindingSpec>,
  signal: AbortSignal,
) => Promise<Result<ActualTargetGroup | undefined, AwsError>>

/** Those that the schema knows: another one would make the API server refuse the binding. */
const protocols = ['HTTP', 'HTTPS', 'TCP', 'TLS', 'UDP', 'TCP_UDP', 'QUIC', 'TCP_QUIC']

export async function reviewBinding(
  asked: Asked,
  find: FindTargetGroup,
  signal: AbortSignal,
): Promise<Verdict> {
  const { spec } = (asked.object ?? {}) as { readonly spec?: Partial<TargetGroupBindingSpec> }
  const named = spec?.targetGroupARN || spec?.targetGroupName
  if (asked.operation !== 'CREATE' || spec === undefined || !named || isComplete(spec)) return {}
  const found = await find(spec, signal)
  if (!found.ok) {
    const { call, code, message } = found.error
    return told(`${named} could not be looked up: ${call}: ${code}: ${message}`)
  }
  if (found.value === undefined) return told(`target group ${named} does not exist`)
  const stated = statedBy(found.value)
  if (stated === undefined)
    return told(`${named} is of type ${found.value.targetType}: neither pods nor nodes can be its targets`)
  const absent = Object.entries(stated).filter(
    ([field, value]) =>
      !spec[field as keyof TargetGroupBindingSpec] &&
      (field !== 'targetGroupProtocol' || protocols.some((one) => one === value)),
  )
  return { patch: absent.map(([field, value]) => ({ op: 'add', path: `/spec/${field}`, value })) }
}

/** The binding is stored as it is: the controller tells what is wrong on it, and looks again. */
const told = (warning: string): Verdict => ({ warnings: [warning] })
