/** The wire, by the real SDK clients: whatever goes in comes out, for every operation of the four services. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as acm from '@aws-sdk/client-acm'
import * as ec2 from '@aws-sdk/client-ec2'
import * as elbv2 from '@aws-sdk/client-elastic-load-balancing-v2'
import * as sts from '@aws-sdk/client-sts'
import type { NormalizedSchema } from '@smithy/core/schema'
import type { Service } from '../../../localstack/aws/service.ts'
import { createFront, type Call } from '../../../localstack/aws/wire/front.ts'
import { operationsOf, requiredMembers, type Operation } from '../../../localstack/aws/wire/schema.ts'
import { clientsFor, codeOf } from './clients.ts'

const services = {
  elbv2: {
    signingName: 'elasticloadbalancing',
    protocol: 'query',
    version: '2015-12-01',
    xmlns: 'e',
    module: elbv2,
  },
  ec2: { signingName: 'ec2', protocol: 'ec2', version: '2016-11-15', xmlns: 'e', module: ec2 },
  acm: { signingName: 'acm', protocol: 'json', target: 'CertificateManager', module: acm },
  sts: { signingName: 'sts', protocol: 'query', version: '2011-06-15', xmlns: 's', module: sts },
} as const
type Name = keyof typeof services

/** Small and seeded: a failure repeats. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

const texts = [
  'plain',
  'a b',
  '&=+',
  '<x>"\'',
  'ü→日',
  '*?\\',
  '100%',
  'two\nlines',
  'cr\r\nlf',
  '#{path}',
  '0',
]

function value(schema: NormalizedSchema, draw: () => number, depth: number): unknown {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(draw() * items.length)] as T
  if (schema.isListSchema()) {
    const length = 1 + Math.floor(draw() * 2)
    return Array.from({ length }, () => value(schema.getValueSchema(), draw, depth + 1))
  }
  if (schema.isMapSchema()) return { [pick(['k', 'a&b'])]: value(schema.getValueSchema(), draw, depth + 1) }
  if (schema.isStructSchema()) {
    const made: Record<string, unknown> = {}
    for (const [name, member] of schema.structIterator()) {
      const deep = depth > 4 && !member.isStringSchema()
      if (!deep && (depth === 0 || draw() < 0.4)) made[name] = value(member, draw, depth + 1)
    }
    return Object.keys(made).length > 0 || schema.isUnionSchema() ? made : filled(schema)
  }
  if (schema.isBooleanSchema()) return draw() < 0.5
  if (schema.isNumericSchema()) return Math.floor(draw() * 70_000)
  if (schema.isTimestampSchema()) return new Date(Math.floor(draw() * 2e9) * 1000)
  if (schema.isBlobSchema()) return Uint8Array.from([0, 255, Math.floor(draw() * 256)])
  return pick(texts)
}

/** An empty structure has no text on the wire; one scalar makes it visible. */
function filled(schema: NormalizedSchema): Record<string, unknown> {
  for (const [name, member] of schema.structIterator())
    if (member.isStringSchema()) return { [name]: 'plain' }
  return {}
}

test('inputs and outputs survive the wire in both directions', async (t) => {
  let answered: unknown
  let asked: unknown
  const all = Object.values(services).map((service): Service => {
    const names = [...operationsOf(service.module).keys()]
    return { ...service, actions: Object.fromEntries(names.map((name) => [name, () => ({})])) }
  })
  const handle = createFront(all, async (call: Call) => {
    asked = call.input
    return answered
  })
  const clients = clientsFor(handle)
  let rounds = 0
  for (const [name, service] of Object.entries(services)) {
    const operations = [...operationsOf(service.module)]
    for (const [action, operation] of operations) {
      const draw = generator(action.length * 7919 + rounds)
      const { input, output }: Operation = operation()
      const given = complete(input, draw)
      answered = output.isUnitSchema() ? {} : value(output, draw, 0)
      const client = clients[name as Name]
      const Command = (service.module as unknown as Record<string, new (input: unknown) => never>)[
        `${action}Command`
      ]!
      asked = undefined
      const got = (await (client.send as (command: never) => Promise<Record<string, unknown>>)(
        new Command(given),
      )) as Record<string, unknown>
      delete got['$metadata']
      assert.deepEqual(plain(asked), plain(given), `input of ${name} ${action}`)
      assert.deepEqual(plain(got), plain(answered), `output of ${name} ${action}`)
      rounds += 1
    }
  }
  t.diagnostic(`${rounds} operations`)
  assert.ok(rounds > 900)
})

/** All required members at every depth, so that the front end has nothing to refuse. */
function complete(schema: NormalizedSchema, draw: () => number): unknown {
  return schema.isUnitSchema() ? {} : all(schema, draw, 0)
}
function all(schema: NormalizedSchema, draw: () => number, depth: number): unknown {
  if (schema.isListSchema() && depth < 6) return [all(schema.getValueSchema(), draw, depth + 1)]
  if (!schema.isStructSchema() || schema.isUnionSchema()) return value(schema, draw, depth)
  const wanted = depth < 6 ? Object.keys(schema.getMemberSchemas()) : requiredMembers(schema)
  const made = wanted.map((name) => [name, all(schema.getMemberSchema(name), draw, depth + 1)] as const)
  return made.length > 0 ? Object.fromEntries(made) : filled(schema)
}

/** Comparable; an empty structure says nothing on these wires, so it goes. */
function plain(of: unknown): unknown {
  if (of instanceof Uint8Array) return `blob ${Buffer.from(of).toString('hex')}`
  if (of instanceof Date) return `date ${of.toISOString()}`
  if (Array.isArray(of)) return of.map(plain)
  if (of === null || typeof of !== 'object') return of
  const entries = Object.entries(of).map(([key, item]) => [key, plain(item)] as const)
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined && !isEmpty(item)))
}
function isEmpty(item: unknown): boolean {
  return typeof item === 'object' && item !== null && !Array.isArray(item) && Object.keys(item).length === 0
}

test('what is unknown or incomplete is refused by its AWS code', async () => {
  const some = Object.values(services).map(
    (service): Service => ({
      ...service,
      actions: { CreateRule: () => ({}), CreateSecurityGroup: () => ({}) },
    }),
  )
  const refusals: string[] = []
  const handle = createFront(some, async (call, refused) => {
    refusals.push(`${call.action} ${refused?.code ?? 'accepted'}`)
    return {}
  })
  const clients = clientsFor(handle)
  assert.equal(await codeOf(clients.elbv2.send(new elbv2.DescribeRulesCommand({}))), 'InvalidAction')
  const incomplete = { ListenerArn: 'arn', Priority: 1, Actions: [], Tags: [{ Value: 'v' }] } as never
  await assert.rejects(clients.elbv2.send(new elbv2.CreateRuleCommand(incomplete)), (error: Error) => {
    assert.equal(error.name, 'ValidationError')
    assert.match(error.message, /2 validation errors detected: .*'conditions'.*'tags\.1\.member\.key'/)
    return true
  })
  assert.equal(
    await codeOf(clients.ec2.send(new ec2.CreateSecurityGroupCommand({ GroupName: 'x' } as never))),
    'MissingParameter',
  )
  assert.deepEqual(refusals, [
    'DescribeRules InvalidAction',
    'CreateRule ValidationError',
    'CreateSecurityGroup MissingParameter',
  ])
})

test('no parameter name reaches a prototype', async () => {
  const handle = createFront(
    [{ ...services.ec2, actions: { DescribeSubnets: () => ({}) } }],
    async () => ({}),
  )
  const body =
    'Action=DescribeSubnets&Version=2016-11-15&__proto__.polluted=1&constructor.prototype.polluted=1'
  const answer = await handle({ method: 'POST', path: '/', headers: {}, body })
  assert.equal(answer.status, 200)
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
})
