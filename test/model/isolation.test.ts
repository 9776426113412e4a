/** Invariant 5, over any mixture: the rules, target groups and ports of sound members are the same with bad members and without. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonical } from '../../src/lib/json.ts'
import type { Ingress } from '../../src/model/cluster.ts'
import type { Built } from '../../src/model/desired.ts'
import { isHeld } from '../../src/model/listener.ts'
import { built, clusterOf, ingress, path, rule } from './fixture.ts'

const sound: readonly Readonly<Record<string, string>>[] = [
  {},
  { 'listen-ports': '[{"HTTP": 80}, {"HTTP": 8080}]' },
  { 'certificate-arn': 'arn:1' },
  { 'healthcheck-path': '/live', tags: 'a=b' },
  { 'backend-protocol': 'HTTPS', 'group.order': '5' },
]
const bad: readonly Readonly<Record<string, string>>[] = [
  { 'target-type': 'pod' },
  { 'listen-ports': 'none' },
  { tags: 'x' },
  { 'security-groups': 'sg-none' },
  { subnets: 'nowhere', 'group.order': '-7' },
  { 'group.order': 'first' },
  { 'actions.w': '{"type":"forward"}', 'shield-advanced-protection': 'maybe' },
  { 'jwt-validation': '{}' },
  { 'inbound-cidrs': 'everywhere' },
]
const kinds = fc.record({
  good: fc.array(fc.nat(sound.length - 1), { minLength: 1, maxLength: 6 }),
  bad: fc.array(fc.nat(bad.length - 1), { maxLength: 6 }),
})

const made = (name: string, annotations: Readonly<Record<string, string>> = {}): Ingress =>
  ingress(`n/${name}`, {
    annotations: { 'group.name': 'g', ...annotations },
    spec: { rules: [rule(path(`/${name}`, name), path('/', name))] },
  })

/** What is wanted of the members given, held ones aside. */
const served = ({ desired }: Built): unknown => ({
  targetGroups: desired.targetGroups,
  listeners: desired.listeners.map(({ port, protocol, rules }) => ({
    port,
    protocol,
    rules: rules.filter((item) => !isHeld(item)),
  })),
})

test('bad members change nothing for sound ones', () => {
  fc.assert(
    fc.property(kinds, (given) => {
      const good = given.good.map((kind, index) => made(`good${index}`, sound[kind]))
      const wrong = given.bad.map((kind, index) => made(`bad${index}`, bad[kind]))
      const without = built('g', clusterOf(good))
      const together = built('g', clusterOf([...wrong, ...good]))
      assert.equal(canonical(served(together)), canonical(served(without)))
      assert.deepEqual(
        together.desired.held.toSorted(),
        wrong.map(({ metadata }) => `n/${metadata.name}`).toSorted(),
      )
      const errors = together.problems.filter(({ level }) => level === 'error').map(({ on }) => on.name)
      assert.deepEqual(new Set(errors), new Set(wrong.map(({ metadata }) => metadata.name)))
    }),
    { seed: 7, numRuns: 300 },
  )
})

test('the same input gives the same bytes, whatever the order in which it is listed', () => {
  fc.assert(
    fc.property(kinds, fc.integer(), (given, turn) => {
      const all = [
        ...given.good.map((kind, index) => made(`good${index}`, sound[kind])),
        ...given.bad.map((kind, index) => made(`bad${index}`, bad[kind])),
      ]
      const at = Math.abs(turn) % all.length
      const turned = [...all.slice(at), ...all.slice(0, at)]
      assert.equal(canonical(built('g', clusterOf(all))), canonical(built('g', clusterOf(turned))))
    }),
    { seed: 7, numRuns: 100 },
  )
})
