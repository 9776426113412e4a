/** One target group of any owner, by ARN or name: what a binding leaves out is read off it. */
import { ok, type Result } from '../lib/result.ts'
import type { ActualTargetGroup } from '../model/actual.ts'
import type { AwsError } from '../model/aws-error.ts'
import { readTargetGroup } from './codec/target-group.ts'
import { type Reader, targetGroupsByArn, targetGroupsByName } from './read.ts'

/** Undefined: there is none. */
export async function findTargetGroup(
  reader: Reader,
  by: { readonly arn: string } | { readonly name: string },
): Promise<Result<ActualTargetGroup | undefined, AwsError>> {
  const read =
    'arn' in by ? await targetGroupsByArn(reader, [by.arn]) : await targetGroupsByName(reader, [by.name])
  if (!read.ok) return read
  const [wire] = read.value
  return ok(wire === undefined ? undefined : readTargetGroup(wire, {}))
}
