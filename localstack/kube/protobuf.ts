/** Objects as Go clients send them: protobuf in an envelope, read into the JSON that the same client would have sent. */
import { definitions, fieldOf, itemOf, resolve, type Schema } from './schema/schema.ts'
import { type Fields, isFields } from './object.ts'
import { badRequest } from './status.ts'

const magic = Buffer.from('k8s\0')

export const isProtobuf = (body: Uint8Array): boolean => magic.equals(body.subarray(0, 4))

/** By field number: numbers as they are, everything else as bytes. */
type Message = Map<number, (number | Uint8Array)[]>

function readVarint(bytes: Uint8Array, start: number): { readonly value: number; readonly next: number } {
  let value = 0n
  let shift = 0n
  let at = start
  for (;;) {
    const byte = bytes[at]
    if (byte === undefined) throw badRequest('unexpected EOF')
    value |= BigInt(byte & 127) << shift
    at += 1
    if (byte < 128) return { value: Number(BigInt.asIntN(64, value)), next: at }
    shift += 7n
  }
}

function parse(bytes: Uint8Array): Message {
  const out: Message = new Map()
  let at = 0
  while (at < bytes.length) {
    const tag = readVarint(bytes, at)
    const first = readVarint(bytes, tag.next)
    const field = tag.value >> 3
    const wire = tag.value & 7
    const values = out.get(field) ?? []
    out.set(field, values)
    if (wire === 0) {
      values.push(first.value)
      at = first.next
    } else if (wire === 2) {
      at = first.next + first.value
      if (at > bytes.length) throw badRequest('unexpected EOF')
      values.push(bytes.subarray(first.next, at))
    } else throw badRequest(`proto: wrong wireType = ${wire} for field ${field}`)
  }
  return out
}

const bytesOf = (value: unknown): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array())
const textOf = (value: unknown): string => Buffer.from(bytesOf(value)).toString('utf8')
const numberAt = (message: Message, field: number): number => {
  const value = message.get(field)?.[0]
  return typeof value === 'number' ? value : 0
}

const meta = 'apimachinery.pkg.apis.meta.v1.'

/** Types that are one thing in JSON and another in protobuf. */
const special: Readonly<Record<string, (message: Message) => unknown>> = {
  [`${meta}Time`]: (message) => time(message, 0),
  [`${meta}MicroTime`]: (message) => time(message, 6),
  [`${meta}FieldsV1`]: (message) => JSON.parse(textOf(message.get(1)?.[0]) || '{}') as unknown,
  'apimachinery.pkg.api.resource.Quantity': (message) => textOf(message.get(1)?.[0]),
  'apimachinery.pkg.util.intstr.IntOrString': (message) =>
    numberAt(message, 1) === 0 ? numberAt(message, 2) : textOf(message.get(3)?.[0]),
}

/** An empty time is no time. */
function time(message: Message, digits: number): unknown {
  if (!message.has(1)) return undefined
  const whole = new Date(numberAt(message, 1) * 1000).toISOString().slice(0, 19)
  if (digits === 0) return `${whole}Z`
  return `${whole}.${`${Math.floor(numberAt(message, 2) / 1000)}`.padStart(digits, '0')}Z`
}

function decode(value: number | Uint8Array, given: Schema): unknown {
  const convert = special[given.$ref ?? '']
  if (convert !== undefined) return convert(parse(bytesOf(value)))
  const schema = resolve(given) ?? {}
  if (schema.type === 'boolean') return value === 1
  if (typeof value === 'number') return value
  if (schema.format === 'byte') return Buffer.from(value).toString('base64')
  return schema.type === 'object' ? decodeObject(parse(value), schema) : textOf(value)
}

function decodeMap(entries: readonly (number | Uint8Array)[], shape: Schema): Fields {
  const pairs = entries.map((entry): [string, unknown] => {
    const message = parse(bytesOf(entry))
    return [textOf(message.get(1)?.[0]), decode(message.get(2)?.[0] ?? new Uint8Array(), shape)]
  })
  return Object.fromEntries(pairs)
}

/** Go sends zero values of fields that are no pointers; only for these a zero means something. */
const meaningful = new Set([
  'replicas',
  'gracePeriodSeconds',
  'terminationGracePeriodSeconds',
  'automountServiceAccountToken',
  'enableServiceLinks',
  'allocateLoadBalancerNodePorts',
  'orphanDependents',
])

const isZero = (value: unknown): boolean =>
  value === undefined || value === '' || value === 0 || value === false

function decodeObject(message: Message, schema: Schema): Fields {
  const out: Fields = {}
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    const values = carried(message, field.proto)
    const value = values === undefined ? undefined : decodeField(values, field, schema, key)
    if (isZero(value) && !(meaningful.has(key) && value !== undefined)) continue
    out[key] = value
  }
  return out
}

function decodeField(
  values: readonly (number | Uint8Array)[],
  field: Schema,
  parent: Schema,
  key: string,
): unknown {
  const shape = fieldOf(parent, key)
  const item = itemOf(shape)
  if (shape?.type === 'array' && item !== undefined)
    return values.map((value) => decode(value, field.items ?? item))
  const members = shape?.additionalProperties
  if (isFields(members)) return decodeMap(values, members)
  return decode(values[0] ?? 0, field)
}

/** The values of a field, which may be inside a struct that Go embeds. */
function carried(message: Message, path: string | undefined): readonly (number | Uint8Array)[] | undefined {
  if (path === undefined) return undefined
  const [first, ...rest] = path.split('.')
  const values = message.get(Number(first))
  if (rest.length === 0 || values === undefined) return values
  return carried(parse(bytesOf(values[0])), rest.join('.'))
}

function typeNameOf(apiVersion: string, kind: string): string | undefined {
  if (kind === 'DeleteOptions') return `${meta}DeleteOptions`
  const [group = '', version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion]
  const name = `api.${group.split('.')[0]}.${version}.${kind}`
  return definitions.has(name) ? name : undefined
}

export function fromProtobuf(body: Uint8Array): Fields {
  const envelope = parse(body.subarray(4))
  const type = parse(bytesOf(envelope.get(1)?.[0]))
  const apiVersion = textOf(type.get(1)?.[0])
  const kind = textOf(type.get(2)?.[0])
  const name = typeNameOf(apiVersion, kind)
  const schema = name === undefined ? undefined : definitions.get(name)
  if (schema === undefined) throw badRequest(`no kind "${kind}" is registered for version "${apiVersion}"`)
  return { ...decodeObject(parse(bytesOf(envelope.get(2)?.[0])), schema), apiVersion, kind }
}
