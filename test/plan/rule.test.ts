import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RuleItem } from '../../src/model/listener.ts'
import { ownerTag, resourceTag } from '../../src/model/tag.ts'
import { plan } from '../../src/plan/plan.ts'
import { calls, converge, desired, input, listener, pathOf, rule } from './fixture.ts'
import { simOf, type Sim } from './simulate.ts'

const paths = (count: number) => Array.from({ length: count }, (_, at) => `/p${at}`)
const group = (items: readonly (string | RuleItem)[]) =>
  desired([
    listener(
      80,
      items.map((item) => (typeof item === 'string' ? rule(item, 'web') : item)),
    ),
  ])
const orderOf = (sim: Sim) =>
  [...sim.actual.rules].sort((a, b) => a.priority - b.priority).map(({ conditions }) => pathOf(conditions))

/** As ALBC leaves them: 1..n, no owner tag. */
const takenOver = (items: readonly string[]): Sim => {
  const { sim } = converge(group(items))
  const rules = [...sim.actual.rules]
    .sort((a, b) => a.priority - b.priority)
    .map((one, at) => {
      const { [ownerTag]: _, ...tags } = one.tags
      return { ...one, priority: at + 1, tags: { ...tags, [resourceTag]: `80:${at + 1}` } }
    })
  return simOf({ ...sim.actual, rules })
}

for (const at of [0, 25, 50])
  test(`one rule more at place ${at} of 50 is one call`, () => {
    const { sim } = converge(group(paths(50)))
    const items = paths(50).toSpliced(at, 0, '/fresh')
    const { steps, sim: end } = converge(group(items), sim)
    assert.deepEqual(calls(steps), ['CreateRule'])
    assert.deepEqual(orderOf(end), items)
  })

test('taking over rules numbered 1..n writes nothing; one more atop renumbers once', () => {
  const sim = takenOver(paths(50))
  assert.deepEqual(plan(group(paths(50)), sim.actual, input).steps, [])
  const { steps, sim: end } = converge(group(['/fresh', ...paths(50)]), sim)
  assert.deepEqual(calls(steps), ['SetRulePriorities', 'CreateRule'])
  assert.deepEqual(orderOf(end), ['/fresh', ...paths(50)])
  const below = converge(group([...paths(50), '/fresh']), sim)
  assert.deepEqual(calls(below.steps), ['CreateRule'])
})

test('another order is one SetRulePriorities of the rules that move', () => {
  const { sim } = converge(group(['/a', '/b', '/c', '/d']))
  const { steps, sim: end } = converge(group(['/d', '/a', '/b', '/c']), sim)
  assert.deepEqual(calls(steps), ['SetRulePriorities'])
  assert.equal(steps[0]?.call === 'SetRulePriorities' && steps[0].priorities.length, 1)
  assert.deepEqual(orderOf(end), ['/d', '/a', '/b', '/c'])
})

test('a changed answer or a changed path is one ModifyRule', () => {
  const { sim } = converge(group(['/a', rule('/b', '503'), '/c']))
  assert.deepEqual(calls(converge(group(['/a', rule('/b', '404'), '/c']), sim).steps), ['ModifyRule'])
  assert.deepEqual(calls(converge(group(['/a', rule('/x', '503'), '/c']), sim).steps), ['ModifyRule'])
})

test('paths that trade places are never missing: the new rule comes before the old one goes', () => {
  const { sim } = converge(group([rule('/a*', '201'), rule('/b', '202')]))
  const { plans } = converge(group([rule('/a/x', '203'), rule('/b*', '202')]), sim)
  const [first] = plans
  assert.deepEqual(calls(first?.steps ?? []).toSorted(), ['ModifyRule', 'ModifyRule'])
  const wide = converge(group([rule('/a', '201'), rule('/z', '202')])).sim
  const next = plan(
    group([rule('/a', '201'), rule('/*', '203'), rule('/z', '204', 'ns/b')]),
    wide.actual,
    input,
  )
  const deletes = next.steps.filter(({ call }) => call === 'DeleteRule')
  for (const one of deletes) assert.ok(one.after.length > 0)
})

test('a wide rule waits for the narrow one where both take over from a rule below', () => {
  const { sim } = converge(group([rule('/z', '209'), rule('/a', '201', 'ns/old')]))
  const { steps } = plan(
    group([rule('/a', '202', 'ns/new'), rule('/*', '203'), rule('/z', '209')]),
    sim.actual,
    input,
  )
  const ids = steps.filter(({ call }) => call === 'CreateRule').map(({ id }) => id)
  assert.equal(ids.length, 2)
  assert.deepEqual(steps.find(({ id }) => id === ids[1])?.after, [ids[0]])
  const old = steps.find(({ call }) => call === 'DeleteRule')
  assert.deepEqual(old?.after, ids.toSorted())
})

test('content is compared as AWS gives it back', () => {
  const { sim } = converge(
    group([
      '/a',
      { ...rule('/r', '404'), actions: [{ type: 'redirect', statusCode: 'HTTP_301', port: '443' }] },
    ]),
  )
  const rules = sim.actual.rules.map((one) => ({
    ...one,
    actions: one.actions.map((action) =>
      action.type === 'forward'
        ? {
            ...action,
            targetGroups: action.targetGroups.map((tuple) => ({ ...tuple, weight: 1 })),
            stickiness: { enabled: false },
          }
        : action.type === 'redirect'
          ? { ...action, protocol: '#{protocol}', host: '#{host}', path: '/#{path}', query: '#{query}' }
          : action,
    ),
  }))
  const items = [
    '/a',
    { ...rule('/r', '404'), actions: [{ type: 'redirect' as const, statusCode: 'HTTP_301', port: '443' }] },
  ]
  assert.deepEqual(plan(group(items), { ...sim.actual, rules }, input).steps, [])
})

test('a held member keeps its rules, their target group and their place; others go on around it', () => {
  const bad = [rule('/bad', 'bad', 'ns/bad'), rule('/bad/x', 'bad', 'ns/bad')]
  const { sim } = converge(group(['/a', ...bad, '/z']))
  const before = sim.actual.rules.filter(({ tags }) => tags[ownerTag] === 'ns/bad')
  const held = desired(
    [listener(80, [rule('/a', 'web'), rule('/new', 'web'), { held: 'ns/bad' }, rule('/y', 'web')])],
    { held: ['ns/bad'] },
  )
  const { sim: end, plans } = converge(held, sim)
  assert.deepEqual(orderOf(end), ['/a', '/new', '/bad', '/bad/x', '/y'])
  assert.deepEqual(
    end.actual.rules.filter(({ tags }) => tags[ownerTag] === 'ns/bad'),
    before,
  )
  assert.equal(end.actual.targetGroups.length, 2)
  assert.deepEqual(plans[0]?.holds, [{ ingress: 'ns/bad', what: '2 rules on port 80' }])
})

test('rules of unknown owner stand still while a member is held, and go when none is', () => {
  const sim = takenOver(['/a', '/mystery', '/z'])
  const items = [rule('/a', 'web'), rule('/z', 'web')]
  const held = desired([listener(80, [{ held: 'ns/bad' }, ...items])], { held: ['ns/bad'] })
  assert.deepEqual(plan(held, sim.actual, input).steps, [])
  assert.deepEqual(calls(plan(group(items), sim.actual, input).steps), ['DeleteRule'])
})

test('the record of owners holds a rule that bears no tag', () => {
  const sim = takenOver(['/a', '/b', '/z'])
  const b = sim.actual.rules.find(({ priority }) => priority === 2)?.arn ?? ''
  const a = sim.actual.rules.find(({ priority }) => priority === 1)?.arn ?? ''
  const held = desired([listener(80, [{ held: 'ns/bad' }, rule('/z', 'web')])], { held: ['ns/bad'] })
  const next = plan(held, sim.actual, { ...input, owners: { [b]: 'ns/bad', [a]: 'ns/gone' } })
  assert.deepEqual(
    next.steps.map((step) => step.call === 'DeleteRule' && step.rule),
    [a],
  )
})

test('a listener that no sound member names stays while a member is held', () => {
  const { sim } = converge(
    desired([listener(80, [rule('/a', 'web')]), listener(81, [rule('/b', 'web', 'ns/bad')])]),
  )
  const { steps } = plan(
    desired([listener(80, [rule('/a', 'web')])], { held: ['ns/bad'] }),
    sim.actual,
    input,
  )
  assert.deepEqual(steps, [])
})

test('a full load balancer changes rules in place, or frees one slot at a time', () => {
  const quota = { rulesPerLoadBalancer: 3 }
  const { sim } = converge(group(['/a', '/b', '/c']))
  const { sim: end } = converge(group(['/a', '/b*', '/c*']), sim, { ...input, quota })
  assert.deepEqual(orderOf(end), ['/a', '/b*', '/c*'])
  const other = group([rule('/x', '201', 'ns/b'), rule('/y', '202', 'ns/b'), rule('/*', '203', 'ns/b')])
  assert.deepEqual(orderOf(converge(other, sim, { ...input, quota }).sim), ['/x', '/y', '/*'])
})

test('an owner tag is put right where it is wrong; the position in the other tag never is', () => {
  const { sim } = converge(group(['/a']))
  const rules = sim.actual.rules.map((one) => ({
    ...one,
    tags: { ...one.tags, [ownerTag]: 'ns/old', [resourceTag]: '80:7' },
  }))
  const [step, ...rest] = plan(group(['/a']), { ...sim.actual, rules }, input).steps
  assert.deepEqual(step?.call === 'AddTags' && step.tags, { [ownerTag]: 'ns/app' })
  assert.deepEqual(rest, [])
})

test('without tagging of listeners and rules none is written or compared', () => {
  const featureGates = { ...input.settings.featureGates, ListenerRulesTagging: false }
  const bare = { ...input, settings: { ...input.settings, featureGates } }
  const { sim } = converge(group(['/a']), undefined, bare)
  assert.deepEqual(
    [...sim.actual.rules, ...sim.actual.listeners].map(({ tags }) => tags),
    [{}, {}],
  )
})
