/** What a target's health makes of a pod's readiness gates. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Target } from '../../src/model/actual.ts'
import type { Pod, TargetGroupBinding } from '../../src/model/cluster.ts'
import { gateConditions, gatesOf, nextLookAt, releasedConditions } from '../../src/model/readiness.ts'

const binding: TargetGroupBinding = {
  metadata: { namespace: 'n', name: 'web', uid: 'b' },
  spec: { serviceRef: { name: 'web', port: 80 } },
}
const gate = 'target-health.elbv2.k8s.aws/web'
const pod = (gates: readonly string[] = [gate], status?: string): Pod => ({
  metadata: { namespace: 'n', name: 'p', uid: 'p' },
  spec: { readinessGates: gates.map((conditionType) => ({ conditionType })) },
  status: { conditions: status === undefined ? [] : [{ type: gate, status }] },
})
const source = { target: { id: '10.0.0.1', port: 8080 } }
const target = (state: Target['state'], reason?: string, description?: string): Target => ({
  ...source.target,
  state,
  ...(reason === undefined ? {} : { reason }),
  ...(description === undefined ? {} : { description }),
})
const said = (registered: readonly Target[] | undefined, of = pod()) =>
  gateConditions(binding, of, source, registered).map(({ status, reason, message }) => [
    status,
    reason,
    message,
  ])

test('gates of other bindings and other kinds are not ours; the older prefix is', () => {
  const legacy = 'target-health.alb.ingress.k8s.aws/web'
  const others = ['target-health.elbv2.k8s.aws/other', 'example.com/web']
  assert.deepEqual(gatesOf(binding, pod([...others, legacy, gate])), [legacy, gate])
  assert.deepEqual(gatesOf(binding, pod([])), [])
})

test('the condition says what AWS says', () => {
  assert.deepEqual(said([target('healthy')]), [['True', undefined, undefined]])
  const checking = target('initial', 'Elb.InitialHealthChecking', 'Initial health checks in progress')
  assert.deepEqual(said([checking]), [
    ['False', 'Elb.InitialHealthChecking', 'Initial health checks in progress'],
  ])
  assert.deepEqual(said([target('unknown')]), [
    ['False', 'Elb.RegistrationInProgress', 'Target registration is in progress'],
  ])
  assert.deepEqual(said([]), [['Unknown', undefined, undefined]])
  assert.deepEqual(said(undefined), [['Unknown', undefined, undefined]])
})

test('a ready pod is taken back for a sick target, not for one that is being registered again', () => {
  const ready = pod([gate], 'True')
  assert.deepEqual(said([target('unknown')], ready), [])
  assert.deepEqual(said([], ready), [])
  assert.deepEqual(said([target('unhealthy', 'Target.Timeout', 'Request timed out')], ready), [
    ['False', 'Target.Timeout', 'Request timed out'],
  ])
})

test('when the binding goes, nobody waits any more', () => {
  assert.deepEqual(releasedConditions(binding, pod()), [
    { type: gate, status: 'True', message: 'Target Group Binding is deleted' },
  ])
})

test('health is read soon after the first pod waits, and keeps being read while others join it', () => {
  assert.equal(nextLookAt([1_000], 0, 1_000), 3_000)
  assert.equal(nextLookAt([1_000], 900, 1_500), 3_000)
  assert.equal(nextLookAt([1_000], 3_000, 3_000), 5_000)
  // One more each second: nobody waits for the last of them.
  assert.equal(nextLookAt([1_000, 2_000, 2_900], 0, 2_950), 3_000)
  assert.equal(nextLookAt([1_000, 2_000, 3_000, 4_000], 3_000, 4_000), 5_000)
  // Slower for those that wait long, quick again for a new one.
  assert.equal(nextLookAt([0], 40_000, 40_000), 45_000)
  assert.equal(nextLookAt([0], 400_000, 400_000), 415_000)
  assert.equal(nextLookAt([0, 400_000], 400_000, 400_000), 402_000)
})
