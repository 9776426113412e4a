/** What the front end reads off an SDK client's module: its operations and their schemas. */
import { NormalizedSchema } from '@smithy/core/schema'

/** A place in an SDK's schema graph; only `NormalizedSchema` looks inside. */
type SchemaRef = Parameters<typeof NormalizedSchema.of>[0]
export type Operation = {
  readonly name: string
  readonly input: NormalizedSchema
  readonly output: NormalizedSchema
}

const operationTag = 9
const structureTags = new Set([3, 4, -3])

export function operationsOf(
  module: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, () => Operation> {
  const operations = new Map<string, () => Operation>()
  for (const value of Object.values(module)) {
    if (!Array.isArray(value) || value[0] !== operationTag) continue
    const [, , name, , input, output] = value as [9, string, string, unknown, SchemaRef, SchemaRef]
    operations.set(
      name,
      once(() => ({ name, input: NormalizedSchema.of(input), output: NormalizedSchema.of(output) })),
    )
  }
  return operations
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

/** Required members come first in a structure's tuple; its last item counts them. */
export function requiredMembers(schema: NormalizedSchema): readonly string[] {
  const tuple: unknown = schema.getSchema()
  if (!Array.isArray(tuple) || !structureTags.has(tuple[0] as number)) return []
  return (tuple[4] as readonly string[]).slice(0, (tuple[6] as number | undefined) ?? 0)
}

export function textTrait(schema: NormalizedSchema, name: 'xmlName' | 'ec2QueryName'): string | undefined {
  const trait = (schema.getMergedTraits() as Readonly<Record<string, unknown>>)[name]
  return typeof trait === 'string' ? trait : undefined
}

export function isFlattened(schema: NormalizedSchema): boolean {
  return Boolean((schema.getMergedTraits() as Readonly<Record<string, unknown>>)['xmlFlattened'])
}
