/** Columns of nodes, namespaces, events, Leases, definitions and of what only has data. */
import { at, fields, items, type KubeObject, number, text } from '../object.ts'
import { age, column, name, or, since } from './column.ts'

const wide = { wide: true } as const

function nodeStatus(node: KubeObject): string {
  const ready = items(at(node.status, 'conditions')).find((one) => at(one, 'type') === 'Ready')
  const state = ready === undefined ? 'Unknown' : at(ready, 'status') === 'True' ? 'Ready' : 'NotReady'
  return at(node.spec, 'unschedulable') === true ? `${state},SchedulingDisabled` : state
}

const role = 'node-role.kubernetes.io/'
const roles = (node: KubeObject): string =>
  or(
    Object.keys(node.metadata.labels ?? {})
      .filter((label) => label.startsWith(role))
      .map((label) => label.slice(role.length))
      .sort()
      .join(','),
  )

const address =
  (type: string) =>
  (node: KubeObject): string =>
    or(
      text(
        at(
          items(at(node.status, 'addresses')).find((one) => at(one, 'type') === type),
          'address',
        ),
      ),
    )

const info =
  (key: string, none = '<unknown>') =>
  (node: KubeObject): string =>
    or(text(at(node.status, 'nodeInfo', key)), none)

export const nodeColumns = [
  name,
  column('Status', nodeStatus),
  column('Roles', roles),
  age,
  column('Version', info('kubeletVersion', '')),
  column('Internal-IP', address('InternalIP'), wide),
  column('External-IP', address('ExternalIP'), wide),
  column('OS-Image', info('osImage'), wide),
  column('Kernel-Version', info('kernelVersion'), wide),
  column('Container-Runtime', info('containerRuntimeVersion'), wide),
]

export const namespaceColumns = [name, column('Status', (object) => text(at(object.status, 'phase'))), age]

const firstSeen = (event: KubeObject): string => text(event.firstTimestamp) || text(event.eventTime)
const lastSeen = (event: KubeObject): string =>
  text(at(event.series, 'lastObservedTime')) || text(event.lastTimestamp) || firstSeen(event)
const count = (event: KubeObject): number => number(at(event.series, 'count')) || number(event.count) || 1

function lastSeenAge(event: KubeObject): string {
  const last = since(lastSeen(event))
  return count(event) > 1 ? `${last} (x${count(event)} over ${since(firstSeen(event))})` : last
}

const involved = (event: KubeObject): string => {
  const object = fields(event.involvedObject)
  return `${text(object.kind).toLowerCase()}/${text(object.name)}`
}

const source = (event: KubeObject): string => {
  const component = text(at(event.source, 'component')) || text(event.reportingComponent)
  const host = text(at(event.source, 'host'))
  return host === '' ? component : `${component}, ${host}`
}

export const eventColumns = [
  column('Last Seen', lastSeenAge),
  column('Type', (event) => text(event.type)),
  column('Reason', (event) => text(event.reason)),
  column('Object', involved),
  column('Subobject', (event) => text(at(event.involvedObject, 'fieldPath')), wide),
  column('Source', source, wide),
  column('Message', (event) => text(event.message).trim()),
  column('First Seen', (event) => since(firstSeen(event)), wide),
  column('Count', count, { type: 'integer', wide: true }),
  column('Name', (event) => event.metadata.name, { wide: true, format: 'name' }),
]

const size = (value: unknown): number => Object.keys(fields(value)).length
const data = (object: KubeObject): number => size(object.data) + size(object.binaryData)

export const configMapColumns = [name, column('Data', data, { type: 'integer' }), age]
export const secretColumns = [
  name,
  column('Type', (secret) => text(secret.type)),
  column('Data', data, { type: 'integer' }),
  age,
]
export const leaseColumns = [name, column('Holder', (lease) => text(at(lease.spec, 'holderIdentity'))), age]
export const definitionColumns = [
  name,
  column('Created At', (object) => object.metadata.creationTimestamp, { type: 'date' }),
]
export const plainColumns = [name, age]
