/** For each recording: the model that we build, rendered as ALBC prints its own, is the one that ALBC built. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonical } from '../../src/lib/json.ts'
import { build } from '../../src/model/build.ts'
import type { TargetGroupBinding } from '../../src/model/cluster.ts'
import { targetsOf } from '../../src/model/endpoint.ts'
import { collapse, permissionsFor, sharedDescription } from '../../src/model/endpoint-permission.ts'
import { groupsOf } from '../../src/model/group.ts'
import { isRef, type Ref } from '../../src/model/ref.ts'
import type { TargetGroup } from '../../src/model/target-group.ts'
import { caseNames, loadCase, type RecordedCall, type RecordedModel } from './load.ts'
import { render } from './render.ts'

/** Lists that ALBC prints in random order, or that AWS takes as sets. */
const unordered = new Set([
  'ingress',
  'subnetMapping',
  'loadBalancerAttributes',
  'targetGroupAttributes',
  'listenerAttributes',
])

function inOneOrder(value: unknown, name = '', inside = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => inOneOrder(item))
    const sortIt = unordered.has(name) && inside !== 'networking'
    return sortIt ? items.toSorted((a, b) => (canonical(a) < canonical(b) ? -1 : 1)) : items
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, inOneOrder(member, key, name)]),
  )
}
const byId = (a: RecordedModel, b: RecordedModel): number => (a.id < b.id ? -1 : 1)

for (const name of caseNames())
  test(`the model of ${name} is ALBC's`, () => {
    const { cluster, facts, settings, models, backendSecurityGroup } = loadCase(name)
    const built = [...groupsOf(cluster, settings).groups.keys()].map((stack) =>
      build(stack, cluster, facts, settings),
    )
    const errors = built.flatMap(({ problems }) => problems.filter(({ level }) => level === 'error'))
    if (models.length === 0 && built.length > 0) {
      assert.notDeepEqual(errors, [])
      assert.ok(built.every(({ desired }) => desired.loadBalancer === undefined && !desired.gone))
      return
    }
    assert.deepEqual(errors, [])
    const ours = built.map(({ desired }) => render(desired, { vpcId: facts.vpcId, backendSecurityGroup }))
    assert.deepEqual(inOneOrder(ours.sort(byId)), inOneOrder(models.toSorted(byId)))
  })

/** What RegisterTargets left in each target group, by its name. */
function registered(calls: readonly RecordedCall[]): Readonly<Record<string, readonly string[]>> {
  const groups = new Map<string, Set<string>>()
  for (const { action, input, error } of calls) {
    if ((action !== 'RegisterTargets' && action !== 'DeregisterTargets') || error !== undefined) continue
    const name = String(input['TargetGroupArn']).split('/')[1] ?? ''
    // Load balancers behind others are no targets of bindings.
    if (JSON.stringify(input['Targets']).includes(':loadbalancer/')) continue
    const targets = groups.get(name) ?? new Set()
    groups.set(name, targets)
    for (const target of input['Targets'] as readonly RecordedTarget[]) {
      const text = [target.Id, target.Port, target.AvailabilityZone ?? ''].join(' ')
      if (action === 'RegisterTargets') targets.add(text)
      else targets.delete(text)
    }
  }
  return Object.fromEntries([...groups].map(([name, targets]) => [name, [...targets].sort()]))
}
type RecordedTarget = { readonly Id: string; readonly Port: number; readonly AvailabilityZone?: string }

/** What the rules on the nodes' security group came to: `<source> <from>-<to>`. */
function opened(calls: readonly RecordedCall[]): readonly string[] {
  const rules = new Set<string>()
  for (const { action, input } of calls)
    for (const one of (input['IpPermissions'] ?? []) as readonly RecordedPermission[])
      for (const { GroupId, CidrIp, Description } of [
        ...(one.UserIdGroupPairs ?? []),
        ...(one.IpRanges ?? []),
      ]) {
        const text = `${GroupId ?? CidrIp} ${one.FromPort}-${one.ToPort}`
        if (action === 'RevokeSecurityGroupIngress') rules.delete(text)
        else if (Description === sharedDescription) rules.add(text)
      }
  return [...rules].sort()
}
type RecordedPermission = {
  readonly FromPort: number
  readonly ToPort: number
  readonly UserIdGroupPairs?: readonly RecordedSource[]
  readonly IpRanges?: readonly RecordedSource[]
}
type RecordedSource = { readonly GroupId?: string; readonly CidrIp?: string; readonly Description?: string }

for (const name of caseNames())
  test(`the targets of ${name}, and what is open to them, are ALBC's`, () => {
    const loaded = loadCase(name)
    const { cluster, facts, settings, calls, backendSecurityGroup } = loaded
    const resolve = (source: string | Ref): string =>
      isRef(source) ? (backendSecurityGroup ?? source.id) : source
    const found = [...groupsOf(cluster, settings).groups.keys()]
      .flatMap((stack) => build(stack, cluster, facts, settings).desired.targetGroups)
      .map((group) => bindingOf(group, resolve))
      .concat(loaded.bindings)
      .map((binding) => {
        const endpoints = {
          service: cluster.services.find(
            ({ metadata }) =>
              metadata.name === binding.spec.serviceRef.name &&
              metadata.namespace === binding.metadata.namespace,
          ),
          slices: loaded.slices.filter(
            ({ metadata }) =>
              metadata.namespace === binding.metadata.namespace &&
              metadata.labels?.['kubernetes.io/service-name'] === binding.spec.serviceRef.name,
          ),
          pods: loaded.pods,
          nodes: loaded.nodes,
        }
        return { binding, ...targetsOf(binding, endpoints, settings, facts.vpcCidrs) }
      })
    const targets = found
      .filter((one) => one.targets.length > 0)
      .map(({ binding, targets: all }) => [
        binding.spec.targetGroupARN?.split('/')[1] ?? binding.metadata.name,
        all.map(({ id, port, availabilityZone = '' }) => [id, port, availabilityZone].join(' ')).sort(),
      ])
    assert.deepEqual(Object.fromEntries(targets), registered(calls))
    const permissions = found.flatMap(({ binding, sources }) => permissionsFor(binding, sources))
    assert.deepEqual(
      collapse(permissions)
        .map(({ source, fromPort, toPort }) =>
          'securityGroup' in source && !isRef(source.securityGroup)
            ? `${source.securityGroup} ${fromPort}-${toPort}`
            : `${'cidr' in source ? source.cidr : ''} ${fromPort}-${toPort}`,
        )
        .sort(),
      opened(calls),
    )
  })

function bindingOf(group: TargetGroup, resolve: (source: string | Ref) => string): TargetGroupBinding {
  const { namespace, name, labels, serviceRef, networking, nodeSelector } = group.binding
  return {
    metadata: { namespace, name, labels, uid: name },
    spec: {
      targetType: group.targetType,
      ipAddressType: group.ipAddressType,
      serviceRef,
      ...(nodeSelector ? { nodeSelector } : {}),
      ...(networking
        ? {
            networking: {
              ingress: networking.ingress.map(({ from, ports }) => ({
                from: from.map((source) => ({ securityGroup: { groupID: resolve(source) } })),
                ports: [...ports],
              })),
            },
          }
        : {}),
    },
  }
}
