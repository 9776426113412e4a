/** Request bodies of the Query, EC2 query and JSON 1.1 protocols into the SDK's input shapes. */
import type { NormalizedSchema } from '@smithy/core/schema'
import { Fault } from '../service.ts'
import { isFlattened, requiredMembers, textTrait } from './schema.ts'

/** A dotted parameter name is a path: `Tags.member.1.Key`. */
type Node = { text?: string; readonly children: Map<string, Node> }

export function decodeQuery(schema: NormalizedSchema, parameters: URLSearchParams, ec2: boolean): unknown {
  return fromNode(schema, tree(parameters), ec2) ?? {}
}

function tree(parameters: URLSearchParams): Node {
  const root: Node = { children: new Map() }
  for (const [name, text] of parameters) {
    let node = root
    for (const part of name.split('.')) {
      const child: Node = node.children.get(part) ?? { children: new Map() }
      node.children.set(part, child)
      node = child
    }
    node.text = text
  }
  return root
}

function fromNode(schema: NormalizedSchema, node: Node | undefined, ec2: boolean): unknown {
  if (node === undefined) return undefined
  if (schema.isListSchema()) return listFromNode(schema, node, ec2)
  if (schema.isMapSchema()) return mapFromNode(schema, node, ec2)
  if (schema.isStructSchema()) return structFromNode(schema, node, ec2)
  return node.text === undefined ? undefined : scalar(schema, node.text)
}

function listFromNode(schema: NormalizedSchema, node: Node, ec2: boolean): unknown[] {
  const element = schema.getValueSchema()
  const items =
    ec2 || isFlattened(schema) ? node : node.children.get(textTrait(element, 'xmlName') ?? 'member')
  return numbered(items).map((item) => fromNode(element, item, ec2))
}

function mapFromNode(schema: NormalizedSchema, node: Node, ec2: boolean): Record<string, unknown> {
  const value = schema.getValueSchema()
  const keyName = textTrait(schema.getKeySchema(), 'xmlName') ?? 'key'
  const valueName = textTrait(value, 'xmlName') ?? 'value'
  const entries = numbered(ec2 || isFlattened(schema) ? node : node.children.get('entry'))
  return Object.fromEntries(
    entries.map((entry) => [
      entry.children.get(keyName)?.text ?? '',
      fromNode(value, entry.children.get(valueName), ec2),
    ]),
  )
}

function structFromNode(schema: NormalizedSchema, node: Node, ec2: boolean): Record<string, unknown> {
  const decoded: Record<string, unknown> = {}
  for (const [name, member] of schema.structIterator()) {
    const value = fromNode(member, node.children.get(parameterName(name, member, ec2)), ec2)
    if (value !== undefined) decoded[name] = value
  }
  return decoded
}

function parameterName(member: string, schema: NormalizedSchema, ec2: boolean): string {
  const ec2Name = ec2 ? textTrait(schema, 'ec2QueryName') : undefined
  if (ec2Name !== undefined) return ec2Name
  const name = textTrait(schema, 'xmlName') ?? member
  return ec2 ? name.charAt(0).toUpperCase() + name.slice(1) : name
}

function numbered(node: Node | undefined): Node[] {
  return [...(node?.children ?? [])]
    .filter(([key]) => /^\d+$/.test(key))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, child]) => child)
}

function scalar(schema: NormalizedSchema, text: string): unknown {
  if (schema.isBooleanSchema()) return text === 'true'
  if (schema.isNumericSchema()) return number(text)
  if (schema.isTimestampSchema()) return date(text)
  if (schema.isBlobSchema()) return Uint8Array.from(Buffer.from(text, 'base64'))
  return text
}

function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || Number.isNaN(value))
    throw new Fault('MalformedInput', `'${text}' is not a number`)
  return value
}

function date(text: string | number): Date {
  const value = typeof text === 'number' ? new Date(text * 1000) : new Date(text)
  if (Number.isNaN(value.getTime())) throw new Fault('MalformedInput', `'${text}' is not a timestamp`)
  return value
}

export function decodeJson(schema: NormalizedSchema, body: string): unknown {
  if (body.trim() === '') return {}
  try {
    return fromJson(schema, JSON.parse(body)) ?? {}
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('SerializationException', 'Start of structure or map found where not expected.')
  }
}

function fromJson(schema: NormalizedSchema, value: unknown): unknown {
  if (value == null) return undefined
  if (schema.isListSchema())
    return (value as unknown[]).map((item) => fromJson(schema.getValueSchema(), item))
  if (schema.isMapSchema())
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, fromJson(schema.getValueSchema(), item)]),
    )
  if (schema.isStructSchema()) {
    const given = value as Readonly<Record<string, unknown>>
    const decoded: Record<string, unknown> = {}
    for (const [name, member] of schema.structIterator()) {
      const item = fromJson(member, given[name])
      if (item !== undefined) decoded[name] = item
    }
    return decoded
  }
  if (schema.isTimestampSchema()) return date(value as string | number)
  if (schema.isBlobSchema()) return Uint8Array.from(Buffer.from(value as string, 'base64'))
  return value
}

/** Paths of the required members that are absent, as AWS writes them: `tags.1.member.key`. */
export function missingMembers(schema: NormalizedSchema, value: unknown, path = ''): string[] {
  if (value === undefined) return []
  if (schema.isListSchema())
    return (value as unknown[]).flatMap((item, index) =>
      missingMembers(schema.getValueSchema(), item, `${path}${index + 1}.member.`),
    )
  if (!schema.isStructSchema()) return []
  const given = value as Readonly<Record<string, unknown>>
  const absent = requiredMembers(schema)
    .filter((name) => given[name] === undefined)
    .map((name) => `${path}${name.charAt(0).toLowerCase()}${name.slice(1)}`)
  const below = Object.entries(given).flatMap(([name, item]) =>
    missingMembers(
      schema.getMemberSchema(name),
      item,
      `${path}${name.charAt(0).toLowerCase()}${name.slice(1)}.`,
    ),
  )
  return [...absent, ...below]
}
