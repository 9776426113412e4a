/** Each merge rule has its own reader; unknown keys are told with the nearest name. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scheme, tags } from '../../src/annotation/load-balancer.ts'
import { groupOrder } from '../../src/annotation/group.ts'
import { exclusive, merged, own, ownOf, perPort, preferService } from '../../src/annotation/read.ts'
import { sslPolicy } from '../../src/annotation/listener.ts'
import { actions } from '../../src/annotation/rule.ts'
import { backendProtocol, targetType } from '../../src/annotation/target-group.ts'
import { distance, unknownAnnotations } from '../../src/annotation/unknown.ts'

const p = 'alb.ingress.kubernetes.io/'
const ok = (value: unknown) => ({ ok: true, value })

test('own gives the default where the annotation is absent', () => {
  assert.deepEqual(own({}, groupOrder), ok(0))
  assert.deepEqual(own({ [`${p}group.order`]: '7' }, groupOrder), ok(7))
})

test('a Service beats its Ingress, whole', () => {
  const key = `${p}target-type`
  assert.deepEqual(preferService({ [key]: 'ip' }, { [key]: 'instance' }, targetType), ok('instance'))
  assert.deepEqual(preferService({ [key]: 'ip' }, {}, targetType), ok('ip'))
  assert.deepEqual(preferService({}, undefined, targetType), ok(undefined))
  assert.deepEqual(preferService({}, {}, backendProtocol), ok('HTTP'))
})

test('a mistake carries key, value, sentence and what is allowed', () => {
  assert.deepEqual(exclusive({ [`${p}scheme`]: '' }, scheme), {
    ok: false,
    error: {
      key: `${p}scheme`,
      raw: '',
      message: 'unknown scheme: ',
      allowed: '`internal` or `internet-facing`',
    },
  })
})

test('a family is read by member', () => {
  const value = ownOf({ [`${p}actions.a`]: '{"Type":"forward"}' }, actions, 'a')
  assert.deepEqual(value, ok({ type: 'forward' }))
  assert.deepEqual(ownOf({}, actions, 'a'), ok(undefined))
})

test("a reader refuses another rule's annotation at compile time", () => {
  // @ts-expect-error the scheme is exclusive, not own
  own({}, scheme)
  // @ts-expect-error the order is own, not exclusive
  exclusive({}, groupOrder)
  // @ts-expect-error tags are merged
  perPort({}, tags)
  // @ts-expect-error the policy is per port
  merged({}, sslPolicy)
  // @ts-expect-error the order is not read from Services
  preferService({}, {}, groupOrder)
  assert.deepEqual(perPort({}, sslPolicy), ok(undefined))
})

test('unknown keys are told with the nearest known name', () => {
  const unknown = (name: string) => unknownAnnotations({ [p + name]: '' }).some
  assert.deepEqual(unknown('schema'), [{ key: `${p}schema`, nearest: `${p}scheme` }])
  assert.deepEqual(unknown('target-typ'), [{ key: `${p}target-typ`, nearest: `${p}target-type` }])
  assert.deepEqual(unknown('healthcheck-intervall-seconds'), [
    { key: `${p}healthcheck-intervall-seconds`, nearest: `${p}healthcheck-interval-seconds` },
  ])
  assert.deepEqual(unknown('action.web'), [{ key: `${p}action.web`, nearest: `${p}actions.web` }])
  assert.deepEqual(unknown('zzzzzzzzzzzzzzzzzzzz'), [{ key: `${p}zzzzzzzzzzzzzzzzzzzz` }])
  for (const known of ['actions.web', 'listener-attributes.HTTP-80', 'scheme', 'frontend-nlb-tags'])
    assert.deepEqual(unknown(known), [], known)
  assert.equal(unknown('actions.').length, 1)
  assert.deepEqual(unknownAnnotations({ 'kubernetes.io/ingress.class': 'alb' }), { some: [], more: 0 })
  assert.equal(distance('kitten', 'sitting'), 3)
})
