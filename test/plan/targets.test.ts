import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ActualSecurityGroup, Target, TargetState } from '../../src/model/actual.ts'
import type { Permission } from '../../src/model/security-group.ts'
import { settings } from '../../src/model/settings.ts'
import { planEndpointSecurityGroup } from '../../src/plan/endpoint-security-group.ts'
import { planTargets } from '../../src/plan/targets.ts'
import { calls } from './fixture.ts'

const target = (id: string, state: TargetState = 'healthy'): Target => ({ id, port: 80, state })
const base = { targetGroup: 'tg', binding: 'ns/web', emptyObeyed: false }

test('targets: new ones in, then old ones out; a draining one counts as absent', () => {
  const { steps } = planTargets({
    ...base,
    wanted: [
      { id: 'c', port: 80 },
      { id: 'b', port: 80 },
      { id: 'a', port: 80 },
    ],
    registered: [target('a'), target('b', 'draining'), target('z'), target('y', 'draining')],
  })
  assert.deepEqual(
    steps.map((step) => 'targets' in step && [step.call, step.targets.map(({ id }) => id), step.after]),
    [
      ['RegisterTargets', ['b', 'c'], []],
      ['DeregisterTargets', ['z'], []],
    ],
  )
})

test('targets: calls of 200, and equal sets need none', () => {
  const wanted = Array.from({ length: 401 }, (_, at) => ({ id: `i${at}`, port: 80 }))
  assert.deepEqual(
    planTargets({ ...base, wanted, registered: [] }).steps.map(
      (step) => 'targets' in step && step.targets.length,
    ),
    [200, 200, 1],
  )
  assert.deepEqual(planTargets({ ...base, wanted, registered: wanted.map(({ id }) => target(id)) }).steps, [])
})

test('targets: the last ones stay unless emptiness is obeyed', () => {
  const held = planTargets({ ...base, wanted: [], registered: [target('a')] })
  assert.deepEqual([held.steps, held.holds.length], [[], 1])
  assert.deepEqual(
    calls(planTargets({ ...base, wanted: [], registered: [target('a')], emptyObeyed: true }).steps),
    ['DeregisterTargets'],
  )
})

test('targets: those that AWS refused are left out, and take nobody out', () => {
  const wanted = ['a', 'b', 'c'].map((id) => ({ id, port: 80 }))
  const refused = new Set(['b:80'])
  const ids = (input: Partial<Parameters<typeof planTargets>[0]>) =>
    planTargets({ ...base, wanted, registered: [], ...input }).steps.map(
      (step) => 'targets' in step && [step.call, step.targets.map(({ id }) => id)],
    )
  assert.deepEqual(ids({ refused }), [['RegisterTargets', ['a', 'c']]])
  const all = new Set(['a:80', 'b:80', 'c:80'])
  assert.deepEqual(ids({ refused: all, registered: [target('z')], leaving: [{ id: 'z', port: 80 }] }), [])
  assert.deepEqual(ids({ refused: all, registered: [target('z'), target('a')] }), [
    ['DeregisterTargets', ['z']],
  ])
  // So many are tried, and no others.
  assert.deepEqual(ids({ perCall: 2 }), [['RegisterTargets', ['a', 'b']]])
  assert.deepEqual(ids({ perCall: 2, most: 1 }), [['RegisterTargets', ['a']]])
})

test('targets: in a shared target group only our own go', () => {
  const { steps } = planTargets({
    ...base,
    wanted: [{ id: 'n', port: 80 }],
    registered: [target('a'), target('b')],
    ours: [{ id: 'b', port: 80 }],
  })
  assert.deepEqual(
    steps.map((step) => 'targets' in step && step.targets.map(({ id }) => id)),
    [['n'], ['b']],
  )
})

test('targets: the new ones must be in before the last old ones go', () => {
  const { steps } = planTargets({
    ...base,
    wanted: [{ id: 'n', port: 80 }],
    registered: [target('a'), target('b')],
    leaving: [{ id: 'b', port: 80 }],
  })
  assert.deepEqual(
    steps.map((step) => 'targets' in step && [step.call, step.targets.map(({ id }) => id), step.after]),
    [
      ['RegisterTargets', ['n'], []],
      ['DeregisterTargets', ['a', 'b'], ['RegisterTargets:tg#0']],
    ],
  )
})

test('targets: terminating ones leave first, where others stay', () => {
  const { steps } = planTargets({
    ...base,
    wanted: ['s', 'n'].map((id) => ({ id, port: 80 })),
    registered: [target('s'), target('old'), target('t')],
    leaving: [{ id: 't', port: 80 }],
  })
  assert.deepEqual(
    steps.map((step) => 'targets' in step && [step.call, step.targets.map(({ id }) => id), step.after]),
    [
      ['DeregisterTargets', ['t'], []],
      ['RegisterTargets', ['n'], []],
      ['DeregisterTargets', ['old'], []],
    ],
  )
})

test('targets: what nobody knows anything of stays', () => {
  const unsure = [{ id: 'u', port: 80 }]
  const wanted = [{ id: 'a', port: 80 }]
  const { steps } = planTargets({ ...base, wanted, unsure, registered: [target('a'), target('u')] })
  assert.deepEqual(steps, [])
})

test('targets: within the limit those that are in stay in, and others come as room appears', () => {
  const named = (...ids: string[]) => ids.map((id) => ({ id, port: 80 }))
  const of = (wanted: string[], registered: string[], most: number) => {
    const { steps, left } = planTargets({
      ...base,
      wanted: named(...wanted),
      registered: registered.map((id) => target(id)),
      most,
    })
    return [
      left,
      ...steps.map((step) => 'targets' in step && `${step.call}:${step.targets.map(({ id }) => id).join()}`),
    ]
  }
  assert.deepEqual(of(['a', 'b', 'c', 'd'], ['c', 'd'], 3), [1, 'RegisterTargets:a'])
  assert.deepEqual(of(['a', 'b', 'c', 'd'], ['b', 'c', 'd'], 2), [2])
  // One has gone: its place is free once it is deregistered.
  assert.deepEqual(of(['a', 'b', 'c'], ['b', 'c', 'x'], 3), [0, 'DeregisterTargets:x'])
  assert.deepEqual(of(['a', 'b', 'c'], ['b', 'c'], 3), [0, 'RegisterTargets:a'])
  // All are replaced at the limit: never all out at once.
  assert.deepEqual(of(['a', 'b'], ['x', 'y'], 2), [0, 'DeregisterTargets:x'])
})

const from = (fromPort: number, toPort = fromPort, description?: string): Permission => ({
  protocol: 'tcp',
  fromPort,
  toPort,
  source: { securityGroup: 'sg-backend' },
  ...(description === undefined ? {} : { description }),
})
const ours = 'elbv2.k8s.aws/targetGroupBinding=shared'
const nodes = (ingress: readonly Permission[]): ActualSecurityGroup => ({
  id: 'sg-n',
  name: 'n',
  vpcId: 'v',
  tags: {},
  ingress,
})
const given = settings({ clusterName: 'demo', region: 'r', vpcId: 'v' })
const ranges = (drafted: ReturnType<typeof planEndpointSecurityGroup>) =>
  drafted.steps.map(
    (step) =>
      'permissions' in step && [
        step.call,
        step.permissions.map(({ fromPort, toPort }) => [fromPort, toPort]),
      ],
  )

test('endpoint rules: one range, authorised before the old one is revoked, and nobody else is touched', () => {
  const group = nodes([from(8080, 8080, ours), from(22), from(9090, 9090, 'mine')])
  const wanted = [from(9000), from(8080)]
  assert.deepEqual(ranges(planEndpointSecurityGroup(group, wanted, { settings: given, complete: true })), [
    ['AuthorizeSecurityGroupIngress', [[8080, 9000]]],
    ['RevokeSecurityGroupIngress', [[8080, 8080]]],
  ])
  assert.deepEqual(ranges(planEndpointSecurityGroup(group, wanted, { settings: given, complete: false })), [
    ['AuthorizeSecurityGroupIngress', [[8080, 9000]]],
  ])
  const done = nodes([from(8080, 9000, ours), from(22)])
  assert.deepEqual(planEndpointSecurityGroup(done, wanted, { settings: given, complete: true }).steps, [])
})

test('endpoint rules: exact ports are not joined', () => {
  const exact = { ...given, exactBackendPorts: true }
  assert.deepEqual(
    ranges(
      planEndpointSecurityGroup(nodes([]), [from(9000), from(8080)], { settings: exact, complete: true }),
    ),
    [
      [
        'AuthorizeSecurityGroupIngress',
        [
          [8080, 8080],
          [9000, 9000],
        ],
      ],
    ],
  )
})

test('endpoint rules: a rule that someone else made already is enough', () => {
  assert.deepEqual(
    planEndpointSecurityGroup(nodes([from(80)]), [from(80)], { settings: given, complete: true }).steps,
    [],
  )
})
