/** The shape of a kind, in OpenAPI v3 form: of CustomResourceDefinitions as given, of built-in kinds from `types.txt`. */
import { readFileSync } from 'node:fs'

export type Schema = {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly nullable?: boolean
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: boolean
  readonly exclusiveMaximum?: boolean
  readonly multipleOf?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly not?: Schema
  /** Numbers by which protobuf carries the field, outermost first. */
  readonly proto?: string
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-map-type'?: string
  readonly 'x-kubernetes-patch-merge-key'?: string
  readonly 'x-kubernetes-patch-strategy'?: string
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-embedded-resource'?: boolean
}

const anything: Schema = { 'x-kubernetes-preserve-unknown-fields': true }
const scalars = new Set(['string', 'integer', 'number', 'boolean'])

function typeOf(word: string): Schema {
  if (scalars.has(word)) return { type: word }
  if (word === 'any') return anything
  if (word === 'bytes') return { type: 'string', format: 'byte' }
  if (word === 'object') return { type: 'object', ...anything }
  if (word === 'intOrString') return { 'x-kubernetes-int-or-string': true }
  if (word.startsWith('[')) return { type: 'array', items: typeOf(word.slice(1, -1)) }
  if (word.startsWith('{')) return { type: 'object', additionalProperties: typeOf(word.slice(1, -1)) }
  return { $ref: word }
}

function extra(word: string): Partial<Schema> {
  const cut = word.indexOf('=')
  const value = word.slice(cut + 1)
  switch (word.slice(0, cut)) {
    case 'list': {
      const [kind = '', keys] = value.split(':')
      return {
        'x-kubernetes-list-type': kind,
        ...(keys === undefined ? {} : { 'x-kubernetes-list-map-keys': keys.split(',') }),
      }
    }
    case 'map':
      return { 'x-kubernetes-map-type': value }
    case 'key':
      return { 'x-kubernetes-patch-merge-key': value }
    case 'patch':
      return { 'x-kubernetes-patch-strategy': value }
    case 'proto':
      return { proto: value }
    case 'format':
      return { format: value }
    case 'default':
      return { default: JSON.parse(value) }
    default:
      throw new Error(`types.txt: what is ${word}?`)
  }
}

const shape = (words: readonly string[]): Schema =>
  Object.assign({}, typeOf(words[0] ?? 'any'), ...words.slice(1).map(extra))

function parseDefinition(block: string): [string, Schema] {
  const [head = '', ...lines] = block.trimEnd().split('\n')
  const [name = '', ...rest] = head.split(' ')
  if (rest[0] === '=') return [name, shape(rest.slice(1))]
  const properties: Record<string, Schema> = {}
  const required: string[] = []
  for (const line of lines) {
    const [field = '', ...words] = line.trim().split(' ')
    const key = field.replace(/!$/, '')
    if (key !== field) required.push(key)
    properties[key] = shape(words)
  }
  const atomic = rest.reduce((sum, word) => ({ ...sum, ...extra(word) }), {})
  return [name, { type: 'object', properties, ...(required.length > 0 ? { required } : {}), ...atomic }]
}

const source = readFileSync(new URL('types.txt', import.meta.url), 'utf8')

/** Every definition of the built-in kinds, by its name without `io.k8s.`. */
export const definitions: ReadonlyMap<string, Schema> = new Map(source.split(/\n(?=\S)/).map(parseDefinition))

export const objectMeta: Schema = { $ref: 'apimachinery.pkg.apis.meta.v1.ObjectMeta' }

/** The schema itself where it only refers to one; what is said beside the reference wins. */
export function resolve(schema: Schema | undefined): Schema | undefined {
  if (schema?.$ref === undefined) return schema
  const known = resolved.get(schema)
  if (known !== undefined) return known
  const { $ref, ...beside } = schema
  const made = { ...(definitions.get($ref) ?? anything), ...beside }
  resolved.set(schema, made)
  return made
}

const resolved = new WeakMap<Schema, Schema>()

export const fieldOf = (schema: Schema | undefined, name: string): Schema | undefined => {
  const known = schema?.properties?.[name]
  if (known !== undefined) return resolve(known)
  const others = schema?.additionalProperties
  return typeof others === 'object' ? resolve(others) : undefined
}

export const itemOf = (schema: Schema | undefined): Schema | undefined => resolve(schema?.items)
