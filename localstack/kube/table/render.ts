/** Answers as a Table (`as=Table`) or as metadata alone (`as=PartialObjectMetadata`), as kubectl asks for them. */
import type { Fields, KubeObject } from '../object.ts'
import type { Column, Resource } from '../resource.ts'

export type Form = 'object' | 'table' | 'metadata'

/** Which form the Accept header prefers. */
export function formOf(accept: string | undefined): Form {
  for (const choice of (accept ?? '').split(',')) {
    const params = choice.split(';').map((part) => part.trim())
    if (!['application/json', '*/*', 'application/*'].includes(params[0] ?? '')) continue
    if (params.includes('as=Table') && !params.includes('v=v1beta1')) return 'table'
    if (params.includes('as=PartialObjectMetadata') || params.includes('as=PartialObjectMetadataList'))
      return 'metadata'
    return 'object'
  }
  return 'object'
}

export const partial = (object: KubeObject): Fields => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: object.metadata,
})

const definition = ({ cell: _cell, ...rest }: Column): Fields => ({
  format: '',
  description: '',
  priority: 0,
  ...rest,
})

/** `stored` is what the columns read, `shown` what goes along. */
export type Row = { readonly stored: KubeObject; readonly shown: KubeObject }

export function table(resource: Resource, rows: readonly Row[], metadata: Fields, include: string): Fields {
  const along = ({ shown }: Row): Fields =>
    include === 'None' ? {} : { object: include === 'Object' ? shown : partial(shown) }
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: resource.columns.map(definition),
    rows: rows.map((row) => ({ cells: resource.columns.map((one) => one.cell(row.stored)), ...along(row) })),
  }
}
