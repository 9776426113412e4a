/** CustomResourceDefinition: defaults, checks and its status; and the resources that one defines. */
import { customColumns } from '../table/custom.ts'
import { at, type Fields, fields, items, type KubeObject, text, timestamp } from '../object.ts'
import type { KindRules, Resource, ScalePaths } from '../resource.ts'
import { fillDefaults } from '../schema/prune.ts'
import { objectMeta, type Schema } from '../schema/schema.ts'
import { validate } from '../schema/validate.ts'
import { type Cause, invalidValue, notSupported, required } from '../status.ts'

function namesOf(spec: Fields): Fields {
  const names = fields(spec.names)
  names.singular ??= text(names.kind).toLowerCase()
  names.listKind ??= `${text(names.kind)}List`
  return names
}

function status(object: Fields): Fields {
  const spec = fields(object.spec)
  const condition = (type: string, reason: string, message: string): Fields => ({
    lastTransitionTime: timestamp(),
    message,
    reason,
    status: 'True',
    type,
  })
  return {
    acceptedNames: namesOf(spec),
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    storedVersions: items(spec.versions)
      .filter((version) => at(version, 'storage') === true)
      .map((version) => text(at(version, 'name'))),
  }
}

function validateDefinition(object: KubeObject): Cause[] {
  const spec = fields(object.spec)
  const out: Cause[] = []
  const name = `${text(at(spec.names, 'plural'))}.${text(spec.group)}`
  if (object.metadata.name !== name)
    out.push(invalidValue('metadata.name', object.metadata.name, 'must be spec.names.plural+"."+spec.group'))
  if (!['Cluster', 'Namespaced'].includes(text(spec.scope)))
    out.push(notSupported('spec.scope', text(spec.scope), ['Cluster', 'Namespaced']))
  const versions = items(spec.versions)
  if (versions.filter((version) => at(version, 'storage') === true).length !== 1)
    out.push(
      invalidValue('spec.versions', versions, 'must have exactly one version marked as storage version'),
    )
  versions.forEach((version, index) => {
    if (at(version, 'schema', 'openAPIV3Schema') === undefined)
      out.push(required(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required'))
  })
  return out
}

export const definitionRules: KindRules = {
  initialStatus: status,
  defaults: (object) => {
    const spec = fields(object.spec)
    spec.names = namesOf(spec)
    spec.conversion ??= { strategy: 'None' }
  },
  validate: validateDefinition,
}

/** Metadata is the server's own, whatever the definition says of it. */
const withMetadata = (schema: Schema): Schema => ({
  ...schema,
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    ...schema.properties,
    metadata: objectMeta,
  },
})

function scaleOf(version: unknown): ScalePaths | undefined {
  const scale = at(version, 'subresources', 'scale')
  if (scale === undefined) return undefined
  const selector = text(at(scale, 'labelSelectorPath'))
  return {
    spec: text(at(scale, 'specReplicasPath')),
    status: text(at(scale, 'statusReplicasPath')),
    ...(selector === '' ? {} : { selector }),
  }
}

/** One resource for each served version. */
export function definedResources(definition: KubeObject): Resource[] {
  const spec = fields(definition.spec)
  const names = fields(spec.names)
  const group = text(spec.group)
  const plural = text(names.plural)
  return items(spec.versions).flatMap((version): Resource[] => {
    if (at(version, 'served') !== true) return []
    const name = text(at(version, 'name'))
    const schema = withMetadata(fields(at(version, 'schema', 'openAPIV3Schema')))
    const scale = scaleOf(version)
    const apiVersion = `${group}/${name}`
    return [
      {
        group,
        version: name,
        kind: text(names.kind),
        plural,
        singular: text(names.singular),
        shortNames: items(names.shortNames).map(text),
        categories: items(names.categories).map(text),
        namespaced: spec.scope === 'Namespaced',
        schema,
        storage: `${plural}.${group}`,
        custom: true,
        subresources: {
          status: at(version, 'subresources', 'status') !== undefined,
          ...(scale === undefined ? {} : { scale }),
        },
        generation: true,
        versionedUpdate: true,
        selectableFields: items(at(version, 'selectableFields')).map((one) =>
          text(at(one, 'jsonPath')).replace(/^\./, ''),
        ),
        columns: customColumns(items(at(version, 'additionalPrinterColumns'))),
        show: (stored) => (stored.apiVersion === apiVersion ? stored : { ...stored, apiVersion }),
        kindRules: {
          defaults: (object) => fillDefaults(object, schema),
          validate: (object) => validate(object, { ...schema, properties: withoutMeta(schema) }, ''),
        },
      },
    ]
  })
}

const withoutMeta = (schema: Schema): Readonly<Record<string, Schema>> => {
  const { metadata: _metadata, ...rest } = schema.properties ?? {}
  return rest
}
