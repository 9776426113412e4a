/** Outputs and refusals as the bytes of each protocol. */
import type { NormalizedSchema } from '@smithy/core/schema'
import type { Fault, Service } from '../service.ts'
import { isFlattened, textTrait, type Operation } from './schema.ts'

export function encodeOutput(
  service: Service,
  operation: Operation,
  output: unknown,
  requestId: string,
): string {
  if (service.protocol === 'json') return JSON.stringify(toJson(operation.output, output ?? {}) ?? {})
  const { name } = operation
  const inner = xmlMembers(operation.output, (output ?? {}) as Readonly<Record<string, unknown>>)
  const open = `<${name}Response xmlns="${service.xmlns ?? ''}">`
  return service.protocol === 'ec2'
    ? `${open}<requestId>${requestId}</requestId>${inner}</${name}Response>`
    : `${open}<${name}Result>${inner}</${name}Result>` +
        `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${name}Response>`
}

export function encodeFault(protocol: Service['protocol'], fault: Fault, requestId: string): string {
  if (protocol === 'json') return JSON.stringify({ __type: fault.code, message: fault.message })
  const code = `<Code>${escape(fault.code)}</Code><Message>${escape(fault.message)}</Message>`
  return protocol === 'ec2'
    ? `<Response><Errors><Error>${code}</Error></Errors><RequestID>${requestId}</RequestID></Response>`
    : `<ErrorResponse><Error><Type>${fault.status < 500 ? 'Sender' : 'Receiver'}</Type>${code}</Error>` +
        `<RequestId>${requestId}</RequestId></ErrorResponse>`
}

/** A carriage return must be a reference, or XML's line-end rule eats it. */
const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
}
function escape(text: string): string {
  return text.replace(/[&<>"\r]/g, (character) => references[character] ?? character)
}

function xmlMembers(schema: NormalizedSchema, value: Readonly<Record<string, unknown>>): string {
  if (schema.isUnitSchema()) return ''
  let text = ''
  for (const [name, member] of schema.structIterator())
    text += xml(member, value[name], memberName(member) ?? name)
  return text
}

function memberName(schema: NormalizedSchema): string | undefined {
  const own = (schema.getMemberTraits() as Readonly<Record<string, unknown>>)['xmlName']
  return typeof own === 'string' ? own : textTrait(schema, 'xmlName')
}

function xml(schema: NormalizedSchema, value: unknown, tag: string): string {
  if (value == null) return ''
  if (schema.isListSchema()) {
    const element = schema.getValueSchema()
    const flat = isFlattened(schema)
    const itemTag = flat ? tag : (textTrait(element, 'xmlName') ?? 'member')
    const items = (value as unknown[]).map((item) => xml(element, item, itemTag)).join('')
    return flat ? items : `<${tag}>${items}</${tag}>`
  }
  if (schema.isMapSchema()) {
    const entries = Object.entries(value).map(
      ([key, item]) =>
        `<entry><key>${escape(key)}</key>${xml(schema.getValueSchema(), item, 'value')}</entry>`,
    )
    return `<${tag}>${entries.join('')}</${tag}>`
  }
  if (schema.isStructSchema())
    return `<${tag}>${xmlMembers(schema, value as Readonly<Record<string, unknown>>)}</${tag}>`
  return `<${tag}>${scalarText(schema, value)}</${tag}>`
}

function scalarText(schema: NormalizedSchema, value: unknown): string {
  if (schema.isTimestampSchema())
    return new Date(value as Date | string | number).toISOString().replace('.000Z', 'Z')
  if (schema.isBlobSchema()) return Buffer.from(value as Uint8Array).toString('base64')
  return escape(String(value))
}

function toJson(schema: NormalizedSchema, value: unknown): unknown {
  if (value == null || schema.isUnitSchema()) return undefined
  if (schema.isListSchema()) return (value as unknown[]).map((item) => toJson(schema.getValueSchema(), item))
  if (schema.isMapSchema())
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, toJson(schema.getValueSchema(), item)]),
    )
  if (schema.isStructSchema()) {
    const given = value as Readonly<Record<string, unknown>>
    const encoded: Record<string, unknown> = {}
    for (const [name, member] of schema.structIterator()) encoded[name] = toJson(member, given[name])
    return encoded
  }
  if (schema.isTimestampSchema()) return new Date(value as Date | string | number).getTime() / 1000
  if (schema.isBlobSchema()) return Buffer.from(value as Uint8Array).toString('base64')
  return value
}
