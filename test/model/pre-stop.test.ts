/** Which pods would fail requests when they leave, why, and what they are told to do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container, Pod, Service } from '../../src/model/cluster.ts'
import { lintPreStop, neededSeconds } from '../../src/model/pre-stop.ts'
import { settings } from '../../src/model/settings.ts'

const base = settings({ clusterName: 'c', region: 'eu-west-1', vpcId: 'vpc-1' })
const service = (targetPort: number | string = 8080): Service => ({
  metadata: { namespace: 'shop', name: 'web', uid: 's' },
  spec: { ports: [{ name: 'http', port: 80, targetPort }] },
})
type Hook = NonNullable<NonNullable<Container['lifecycle']>['preStop']>
const container = (preStop?: Hook, more: Partial<Container> = {}): Container => ({
  name: 'app',
  ports: [{ name: 'web', containerPort: 8080 }],
  ...(preStop === undefined ? {} : { lifecycle: { preStop } }),
  ...more,
})
const pod = (containers: readonly Container[], terminationGracePeriodSeconds?: number): Pod => ({
  metadata: { namespace: 'shop', name: 'p', uid: 'p' },
  spec: {
    containers,
    ...(terminationGracePeriodSeconds === undefined ? {} : { terminationGracePeriodSeconds }),
  },
})
const lint = (pods: readonly Pod[], of = service(), attributes?: Record<string, string>) =>
  lintPreStop({ service: of, port: 80, pods, attributes }, base)
const fails = (containers: readonly Container[], grace?: number, of = service()): boolean =>
  lint([pod(containers, grace)], of).failing.length === 1
const exec = (...command: string[]): Hook => ({ exec: { command } })
const shell = (line: string): Hook => exec('/bin/sh', '-c', line)

test('what is needed: the time that requests come, and that of the longest, which the load balancer cuts off', () => {
  assert.equal(neededSeconds(base), 25)
  const delay = (seconds: string) => ({ 'deregistration_delay.timeout_seconds': seconds })
  assert.equal(neededSeconds(base, delay('300')), 25)
  assert.equal(neededSeconds(base, delay('4')), 19)
  assert.equal(neededSeconds(base, delay('0')), 15)
  assert.equal(neededSeconds({ ...base, longestRequestMs: 100_500 }), 116)
  assert.equal(neededSeconds({ ...base, deregistrationPropagationMs: 0 }), 0)
})

const hooks: readonly (readonly [string, Hook | undefined, number | undefined, boolean])[] = [
  ['no hook', undefined, undefined, true],
  ['sleep of what is needed', { sleep: { seconds: 25 } }, undefined, false],
  ['a shorter one', { sleep: { seconds: 24 } }, undefined, true],
  ['none at all', { sleep: { seconds: 0 } }, undefined, true],
  ['a grace period that ends it', exec('sleep', '60'), 24, true],
  ['a grace period that does not', exec('sleep', '60'), 25, false],
  ['the default one is 30 s', exec('sleep', '60'), undefined, false],
  ['no grace', { sleep: { seconds: 0 } }, 0, true],
  ['sleep as a program', exec('/bin/sleep', '25'), undefined, false],
  ['with a unit', exec('sleep', '1m'), undefined, false],
  ['with a fraction', exec('sleep', '24.5'), undefined, true],
  ['of a shell', shell('sleep 25'), undefined, false],
  ['of a shell, too short', shell('sleep 5; nginx -s quit'), undefined, true],
  ['twice', shell('sleep 20 && kill -QUIT 1 && sleep 5'), undefined, false],
  ['a program that says nothing', exec('/bin/drain'), undefined, false],
  ['a name that ends alike', shell('/opt/nosleep 3'), undefined, false],
  ['a loop', shell('while pgrep nginx; do sleep 1; done'), undefined, false],
  ['a program too long to be kept', { exec: {} }, undefined, false],
  ['a request', { httpGet: {} }, undefined, false],
  ['a request within too short a grace period', { httpGet: {} }, 10, true],
]
for (const [name, hook, grace, expected] of hooks)
  test(`${name}: ${expected ? 'fails' : 'is good'}`, () => {
    assert.equal(fails([container(hook)], grace), expected)
  })

test('it is the container that serves the port; where none states it, the one that stays longest', () => {
  const good = container({ sleep: { seconds: 25 } })
  const sidecar = container(undefined, { name: 'log', ports: [{ containerPort: 9 }] })
  assert.equal(fails([sidecar, good]), false)
  assert.equal(fails([sidecar, good], undefined, service('web')), false)
  assert.equal(fails([sidecar, good], undefined, service(9)), true)
  const silent = (preStop?: Hook): Container => container(preStop, { ports: [] })
  assert.equal(fails([silent(), silent({ sleep: { seconds: 25 } })]), false)
  assert.equal(fails([silent(), silent({ sleep: { seconds: 5 } })]), true)
})

test('exactly the pods that fail; told once for a workload, on the Service, with what to do', () => {
  const owned = (name: string, kind: string, owner: string, hook?: Hook): Pod => {
    const made = pod([container(hook)])
    const ownerReferences = [{ kind, name: owner, controller: true }]
    return { ...made, metadata: { ...made.metadata, name, uid: name, ownerReferences } }
  }
  const leaving = owned('gone', 'ReplicaSet', 'web-5d8f7c6b9d')
  const { failing, problems } = lint([
    owned('a', 'ReplicaSet', 'web-5d8f7c6b9d'),
    owned('b', 'ReplicaSet', 'web-7d9bdc6f5'),
    owned('c', 'StatefulSet', 'db', { sleep: { seconds: 5 } }),
    owned('d', 'ReplicaSet', 'good-7d9bdc6f5', { sleep: { seconds: 25 } }),
    { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
    pod([container()], 10),
  ])
  assert.deepEqual(
    failing.map(({ metadata }) => metadata.name),
    ['a', 'b', 'c', 'p'],
  )
  const remedy =
    'Let container app sleep in lifecycle.preStop for 25 s, with a terminationGracePeriodSeconds of 30 or more.'
  const needs = 'fail requests when they leave: the load balancer may need them for 25 s, and container app'
  const on = { kind: 'Service', namespace: 'shop', name: 'web' } as const
  const problem = (who: string, says: string) =>
    ({
      kind: 'PreStopTooShort',
      level: 'warning',
      on,
      message: `pods of ${who} ${needs} ${says}`,
      remedy,
    }) as const
  assert.deepEqual(problems, [
    problem('Deployment web', 'has no preStop hook that waits'),
    problem('Pod p', 'has no preStop hook that waits'),
    problem('StatefulSet db', 'sleeps only 5 s in its preStop hook'),
  ])
})

test('a port that the Service has not, and a check that nobody wants, say nothing', () => {
  const pods = [pod([container()])]
  const nothing = { failing: [], problems: [] }
  assert.deepEqual(lintPreStop({ service: service(), port: 81, pods }, base), nothing)
  const off = { ...base, deregistrationPropagationMs: 0 }
  assert.deepEqual(lintPreStop({ service: service(), port: 80, pods }, off), nothing)
})
