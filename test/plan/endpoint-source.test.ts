import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Permission } from '../../src/model/security-group.ts'
import { settings } from '../../src/model/settings.ts'
import { planEndpointSecurityGroup } from '../../src/plan/endpoint-security-group.ts'

const given = settings({ clusterName: 'demo', region: 'eu-west-1', vpcId: 'vpc-1' })
const from = (securityGroup: string, port: number): Permission => ({
  protocol: 'tcp',
  fromPort: port,
  toPort: port,
  source: { securityGroup },
})
const group = (ingress: readonly Permission[]) => ({
  id: 'sg-node',
  name: 'node',
  vpcId: 'vpc-1',
  tags: {},
  ingress,
})

test('each source has its own call, so that one that is gone shuts out nobody else; a revoke waits for all', () => {
  const stale = { ...from('sg-old', 9), description: 'elbv2.k8s.aws/targetGroupBinding=shared' }
  const wanted = [from('sg-a', 80), from('sg-b', 81), from('sg-a', 90)]
  const { steps } = planEndpointSecurityGroup(group([stale]), wanted, { settings: given, complete: true })
  const [first, second, revoke, ...more] = steps
  assert.deepEqual(more, [])
  const ports = [first, second].map((step) =>
    step?.call === 'AuthorizeSecurityGroupIngress'
      ? step.permissions.map(({ source, fromPort, toPort }) => [source, fromPort, toPort])
      : undefined,
  )
  assert.deepEqual(ports, [[[{ securityGroup: 'sg-a' }, 80, 90]], [[{ securityGroup: 'sg-b' }, 81, 81]]])
  assert.equal(revoke?.call, 'RevokeSecurityGroupIngress')
  assert.deepEqual(revoke.after, [first?.id, second?.id])
  assert.notEqual(first?.id, second?.id)
})

test('one source is one call', () => {
  const options = { settings: given, complete: true }
  const { steps } = planEndpointSecurityGroup(group([]), [from('sg-a', 80), from('sg-a', 90)], options)
  assert.deepEqual(
    steps.map(({ call }) => call),
    ['AuthorizeSecurityGroupIngress'],
  )
})
