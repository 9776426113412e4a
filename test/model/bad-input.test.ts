// What nobody should write and somebody will: texts of 200 KB, JSON a hundred thousand deep, a thousand paths. Nothing throws or hangs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prefix } from '../../src/annotation/define.ts'
import { declarations } from '../../src/annotation/table.ts'
import { build } from '../../src/model/build.ts'
import type { Built } from '../../src/model/desired.ts'
import { isHeld } from '../../src/model/listener.ts'
import { plan } from '../../src/plan/plan.ts'
import { empty } from '../plan/simulate.ts'
import { clusterOf, factsOf, ingress, path, rule, service, settingsOf } from './fixture.ts'

const settings = settingsOf()
const limit = { timeout: 120_000 }
const size = 200_000
const filled = (text: string): string => text.repeat(Math.ceil(size / text.length)).slice(0, size)

type Annotations = Readonly<Record<string, string>>
const member = (name: string, annotations: Annotations, spec = {}) =>
  ingress(`n/${name}`, { annotations: { 'group.name': 'g', 'target-type': 'ip', ...annotations }, spec })
/** With a good member beside it, which must be served whatever the other says. */
function beside(annotations: Annotations, onService: Annotations = {}, spec = {}): Built {
  const services = ['good', 'bad'].map((name) => service(`n/${name}`))
  const [good, bad] = services
  assert.ok(good && bad)
  const badService = { ...bad, metadata: { ...bad.metadata, annotations: onService } }
  const cluster = clusterOf([member('good', {}), member('bad', annotations, spec)], {
    services: [good, badService],
  })
  const built = build('g', cluster, factsOf(), settings)
  plan(built.desired, { ...empty, stack: 'g' }, { now: 0, settings })
  assert.ok(
    !built.desired.held.includes('n/good'),
    `good is held: ${JSON.stringify(built.problems).slice(0, 500)}`,
  )
  const owners = built.desired.listeners.flatMap(({ rules }) =>
    rules.map((one) => (isHeld(one) ? one.held : one.owner)),
  )
  assert.ok(owners.includes('n/good'))
  return built
}

const huge: Readonly<Record<string, string>> = {
  letters: filled('a'),
  digits: filled('9'),
  commas: filled(','),
  'pairs without end': filled('a=b,'),
  'pairs of many keys': Array.from({ length: 20_000 }, (_, at) => `k${at}=v`).join(','),
  backslashes: filled('\\'),
  brackets: filled('['),
  'objects in objects': filled('{"a":'),
  'a list closed': '['.repeat(size / 2) + ']'.repeat(size / 2),
  spaces: filled(' '),
  'lines and controls': filled('\u0000\n\u007f'),
  'half a character': filled('\ud800'),
  wildcards: filled('*a?'),
}
/** A mistake in ports hides what is read of each. */
const [ports, others] = [true, false].map((ofPorts) =>
  declarations.filter(({ name }) => name !== 'group.name' && /^listen|certificate/.test(name) === ofPorts),
)
const keyOf = ({ name, family }: { readonly name: string; readonly family: boolean }): string =>
  family ? `${name}bad` : name

for (const [what, text] of Object.entries(huge))
  test(`200 KB of ${what} in every annotation, on Ingress and Service`, limit, () => {
    for (const some of [ports, others])
      beside(Object.fromEntries((some ?? []).map((one) => [keyOf(one), text])))
    const onService = declarations.filter(({ on }) => on.includes('Service'))
    beside({}, Object.fromEntries(onService.map((one) => [`${prefix}${keyOf(one)}`, text])))
  })

const json = {
  conditions: (values: readonly string[]) =>
    JSON.stringify([{ field: 'path-pattern', pathPatternConfig: { values } }]),
}
test('a list of 20,000 values is more than a load balancer has rules for, and is told once', limit, () => {
  const values = Array.from({ length: 20_000 }, (_, at) => `/${at}`)
  const { problems, desired } = beside({ 'conditions.bad': json.conditions(values) })
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ['TooManyValues'],
  )
  assert.deepEqual(desired.held, ['n/bad'])
})

test('a thousand paths, all under conditions of 200 KB', limit, () => {
  const paths = Array.from({ length: 1_000 }, (_, at) => path(`/p${at}`, 'bad'))
  const values = Array.from({ length: 20_000 }, (_, at) => `/${at}`)
  const { desired } = beside({ 'conditions.bad': json.conditions(values) }, {}, { rules: [rule(...paths)] })
  assert.deepEqual(desired.held, ['n/bad'])
})

test('a thousand paths are a thousand rules, in order, behind those of the other', limit, () => {
  const paths = Array.from({ length: 1_000 }, (_, at) => path(`/p${at}/`, 'bad'))
  const { desired, problems } = beside({}, {}, { rules: [rule(...paths)] })
  assert.deepEqual(problems, [])
  assert.equal(desired.listeners[0]?.rules.length, 1_001)
})

test('a thousand paths, each wrong: a hundred are told', limit, () => {
  const paths = Array.from({ length: 1_000 }, (_, at) => path(`/p${at}*`, 'bad'))
  const { desired, problems } = beside({}, {}, { rules: [rule(...paths)] })
  assert.deepEqual(desired.held, ['n/bad'])
  assert.equal(problems.length, 100)
})

test('a thousand actions, conditions and transforms that nobody names', limit, () => {
  const many = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, at) => [
      [`actions.a${at}`, '{'],
      [`conditions.a${at}`, '{'],
      [`transforms.a${at}`, '{'],
    ]).flat(),
  )
  const { problems } = beside(many)
  assert.ok(problems.length <= 100)
})

for (const cidr of [
  '010.0.0.0/8',
  '10.0.0.0/08x',
  '10.0.0.0',
  '10.0.0.0/33',
  '10.0.0/8',
  '0x0a.0.0.0/8',
  '::/129',
  'fe80::1%eth0/64',
  '1.2.3.4/-1',
  '/8',
  '10.0.0.0/8/8',
  ' ',
  '１０.0.0.0/8',
  '999.0.0.0/8',
])
  test(`a range that is none: ${cidr}`, () => {
    const { problems, desired } = beside({ 'inbound-cidrs': `192.0.2.0/24,${cidr},x` })
    assert.deepEqual(desired.held, ['n/bad'])
    if (cidr.trim() !== '')
      assert.ok(problems.some(({ message }) => message.includes(`invalid CIDR address: ${cidr}`)))
  })
