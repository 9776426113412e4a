/** A last look before what can't be undone or replaces a whole list: is the resource still what the plan saw? */
import { readAddOn } from '../aws/add-on.ts'
import { readListener } from '../aws/codec/listener.ts'
import { readLoadBalancer } from '../aws/codec/load-balancer.ts'
import { listenerArnOf, readRule } from '../aws/codec/rule.ts'
import { readTargetGroup } from '../aws/codec/target-group.ts'
import type { Mirror } from '../aws/mirror.ts'
import { readCertificate } from '../aws/own-certificate.ts'
import {
  listenersByArn,
  loadBalancersByArn,
  type Reader,
  rulesOf,
  securityGroupsBy,
  sniCertificatesOf,
  tagsOf,
  targetGroupsByArn,
  targetsOf,
} from '../aws/read.ts'
import type { Table } from '../aws/table.ts'
import { equal } from '../lib/json.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import type { AddOn, Target } from '../model/actual.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { Step } from '../plan/step.ts'
import type { AwsCall } from './call.ts'
import { partOf } from '../plan/add-on.ts'
import type { NameOf } from './call/request.ts'

/** `changed`: the mirror now holds what was read. */
type Freshness = 'same' | 'changed' | 'gone'
type Fresh = Promise<Result<Freshness, AwsError>>

export type Look = (call: AwsCall, nameOf: NameOf) => Fresh

/** One per apply: rules of one listener, and target groups, are read together for all steps that need them. */
export function createLook(reader: Reader, mirror: Mirror, steps: readonly Step[]): Look {
  const memo = new Map<string, Promise<Result<ReadonlyMap<string, Freshness>, AwsError>>>()
  const together = async (
    key: string,
    arn: string,
    read: () => Promise<Result<ReadonlyMap<string, Freshness>, AwsError>>,
  ): Fresh => {
    const known = memo.get(key) ?? read()
    memo.set(key, known)
    const result = await known
    return result.ok ? ok(result.value.get(arn) ?? 'gone') : result
  }
  return (call, nameOf) => {
    switch (call.call) {
      case 'DeleteLoadBalancer':
      case 'SetSecurityGroups':
      case 'SetSubnets':
        return loadBalancer(reader, mirror, nameOf(call.loadBalancer))
      case 'DeleteCertificate':
        return certificate(reader, mirror, call.certificate)
      case 'AssociateWebACL':
      case 'DisassociateWebACL':
      case 'DeleteProtection':
        return addOn(reader, mirror, nameOf(call.loadBalancer), partOf(call))
      case 'DeleteListener':
      case 'RemoveListenerCertificates':
        return listener(reader, mirror, call.listener)
      case 'DeleteRule': {
        const of = listenerArnOf(call.rule)
        const arns = steps.flatMap((step) =>
          step.call === 'DeleteRule' && listenerArnOf(step.rule) === of ? [step.rule] : [],
        )
        return together(of, call.rule, () => rules(reader, mirror, of, arns))
      }
      case 'DeleteTargetGroup': {
        const arns = steps.flatMap((step) => (step.call === 'DeleteTargetGroup' ? [step.targetGroup] : []))
        return together('targetGroups', call.targetGroup, () => targetGroups(reader, mirror, arns))
      }
      case 'RevokeSecurityGroupIngress':
      case 'DeleteSecurityGroup':
        return securityGroup(reader, mirror, nameOf(call.group))
      case 'DeregisterTargets':
        return leavesNone(mirror, call) ? targets(reader, mirror, call.targetGroup) : same()
      default:
        return same()
    }
  }
}

const same = async (): Fresh => ok('same')

/** Compares with the mirror; on a difference the mirror takes what was read. `known` drops what this read can't show. */
function compare<T>(
  table: Table<T>,
  key: string,
  read: T,
  known: (value: T) => unknown,
  beganAt: number,
): Freshness {
  const before = table.get(key)
  if (before !== undefined && equal(known(before), known(read))) return 'same'
  table.doubt(key)
  table.read([read], { scope: () => false, beganAt })
  return 'changed'
}

async function loadBalancer(reader: Reader, mirror: Mirror, arn: string): Fresh {
  const beganAt = Date.now()
  const found = await loadBalancersByArn(reader, [arn])
  if (!found.ok) return found
  const [wire] = found.value
  if (wire === undefined) return ok('gone')
  const tags = await tagsOf(reader, [arn])
  if (!tags.ok) return tags
  const read = readLoadBalancer(wire, tags.value.get(arn) ?? {})
  return ok(
    compare(
      mirror.loadBalancers,
      arn,
      read,
      (one) => ({ ...one, state: undefined, attributes: undefined, addOns: undefined }),
      beganAt,
    ),
  )
}

/** Whose it is and who uses it. AWS shows a listener that is gone for a while; what others use stays, and is told. */
async function certificate(reader: Reader, mirror: Mirror, arn: string): Fresh {
  const read = await readCertificate(reader, mirror, arn)
  if (!read.ok) return read
  if (read.value === undefined) return ok('gone')
  const users = read.value.InUseBy ?? []
  const foreign = users.filter((user) => mirror.loadBalancers.get(user) === undefined && !mirror.isGone(user))
  if (foreign.length > 0)
    return fail({
      kind: 'invalid',
      call: 'acm:DeleteCertificate',
      code: 'ResourceInUse',
      message: `${arn} is used by ${foreign.join(', ')}`,
    })
  return ok(users.length > 0 ? 'changed' : 'same')
}

/** Read just now for the plan is fresh enough; of a load balancer that was made just now nobody has read it. */
const freshMs = 10_000

async function addOn(reader: Reader, mirror: Mirror, arn: string, part: AddOn): Fresh {
  const before = mirror.loadBalancers.get(arn)?.addOns?.[part]
  if (before === undefined || Date.now() - mirror.addOns.knownAt(arn, part) < freshMs) return ok('same')
  const read = await readAddOn(reader, mirror, arn, part)
  if (!read.ok) return read
  return ok('value' in before && equal(before.value, read.value) ? 'same' : 'changed')
}

async function listener(reader: Reader, mirror: Mirror, arn: string): Fresh {
  const beganAt = Date.now()
  const found = await listenersByArn(reader, [arn])
  if (!found.ok) return found
  const [wire] = found.value
  if (wire === undefined) return ok('gone')
  const sni = await sniCertificatesOf(reader, wire)
  if (!sni.ok) return sni
  const tags = await tagsOf(reader, [arn])
  if (!tags.ok) return tags
  const read = readListener(wire, sni.value, tags.value.get(arn) ?? {})
  // AWS promises no order of the SNI list.
  const known = (one: typeof read) => ({
    ...one,
    attributes: undefined,
    certificates: [one.certificates[0], ...one.certificates.slice(1).sort()],
  })
  return ok(compare(mirror.listeners, arn, read, known, beganAt))
}

async function rules(
  reader: Reader,
  mirror: Mirror,
  listenerArn: string,
  arns: readonly string[],
): Promise<Result<ReadonlyMap<string, Freshness>, AwsError>> {
  const beganAt = Date.now()
  const found = await rulesOf(reader, listenerArn)
  if (!found.ok) return found
  const wires = found.value.filter(({ RuleArn = '' }) => arns.includes(RuleArn))
  const tags = await tagsOf(
    reader,
    wires.map(({ RuleArn = '' }) => RuleArn),
  )
  if (!tags.ok) return tags
  return ok(
    new Map(
      wires.map((wire) => {
        const read = readRule(wire, tags.value.get(wire.RuleArn ?? '') ?? {})
        return [read.arn, compare(mirror.rules, read.arn, read, (rule) => rule, beganAt)]
      }),
    ),
  )
}

async function targetGroups(
  reader: Reader,
  mirror: Mirror,
  arns: readonly string[],
): Promise<Result<ReadonlyMap<string, Freshness>, AwsError>> {
  const beganAt = Date.now()
  const found = await targetGroupsByArn(reader, arns)
  if (!found.ok) return found
  const tags = await tagsOf(
    reader,
    found.value.map(({ TargetGroupArn = '' }) => TargetGroupArn),
  )
  if (!tags.ok) return tags
  return ok(
    new Map(
      found.value.map((wire) => {
        const read = readTargetGroup(wire, tags.value.get(wire.TargetGroupArn ?? '') ?? {})
        // AWS itself refuses to delete one that is in use.
        const known = (one: typeof read) => ({
          ...one,
          attributes: undefined,
          loadBalancerArns: undefined,
        })
        return [read.arn, compare(mirror.targetGroups, read.arn, read, known, beganAt)]
      }),
    ),
  )
}

async function securityGroup(reader: Reader, mirror: Mirror, id: string): Fresh {
  const beganAt = Date.now()
  const found = await securityGroupsBy(reader, [{ Name: 'group-id', Values: [id] }])
  if (!found.ok) return found
  const [read] = found.value
  return ok(read === undefined ? 'gone' : compare(mirror.securityGroups, id, read, (group) => group, beganAt))
}

const live = (targets: readonly Target[]): string[] =>
  targets
    .filter(({ state }) => state !== 'draining')
    .map(({ id, port }) => `${id}:${port}`)
    .sort()

/** Whether nobody would be left to answer. */
function leavesNone(mirror: Mirror, call: Extract<AwsCall, { call: 'DeregisterTargets' }>): boolean {
  const known = mirror.registrations.get(call.targetGroup)
  const leaving = new Set(call.targets.map(({ id, port }) => `${id}:${port}`))
  return known === undefined || live(known).every((key) => leaving.has(key))
}

async function targets(reader: Reader, mirror: Mirror, arn: string): Fresh {
  const beganAt = Date.now()
  const before = mirror.registrations.get(arn)
  const read = await targetsOf(reader, arn)
  if (!read.ok) return read.error.kind === 'notFound' ? ok('gone') : read
  const after = mirror.registrations.read(arn, read.value, beganAt)
  return ok(before !== undefined && equal(live(before), live(after)) ? 'same' : 'changed')
}
