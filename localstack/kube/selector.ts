/** Label and field selectors, as query parameters. */
import { at, items, type KubeObject, text } from './object.ts'
import type { Resource } from './resource.ts'
import { jsonPath } from './table/json-path.ts'
import { badRequest } from './status.ts'

export type Match = (object: KubeObject) => boolean
type Labels = Readonly<Record<string, string>>

/** Commas within parentheses belong to a set. */
const requirements = (selector: string): string[] =>
  selector
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '')

function labelRequirement(part: string): (labels: Labels) => boolean {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(part)
  if (set) {
    const [, key = '', operator, list = ''] = set
    const values = list.split(',').map((value) => value.trim())
    const within = (labels: Labels): boolean => labels[key] !== undefined && values.includes(labels[key])
    return operator === 'in' ? within : (labels) => !within(labels)
  }
  const compared = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(part)
  if (compared) {
    const [, key = '', operator, value = ''] = compared
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value
  }
  const absent = /^!\s*(\S+)$/.exec(part)
  if (absent) return (labels) => labels[absent[1] ?? ''] === undefined
  if (/^[^\s=!(),]+$/.test(part)) return (labels) => labels[part] !== undefined
  throw badRequest(`unable to parse requirement: ${part}`)
}

function labelMatch(selector: string | null): Match {
  const all = requirements(selector ?? '').map(labelRequirement)
  return (object) => all.every((one) => one(object.metadata.labels ?? {}))
}

const reference = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']
const selectable: Readonly<Record<string, readonly string[]>> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  nodes: ['spec.unschedulable'],
  namespaces: ['status.phase'],
  secrets: ['type'],
  services: ['spec.clusterIP', 'spec.type'],
  'replicasets.apps': ['status.replicas'],
  events: [
    ...['involvedObject', 'regarding'].flatMap((field) => reference.map((key) => `${field}.${key}`)),
    'reason',
    'reportingComponent',
    'reportingController',
    'source',
    'type',
  ],
}

const always = ['metadata.name', 'metadata.namespace']

function valueAt(object: KubeObject, field: string): string {
  if (field === 'source') return text(at(object.source, 'component')) || text(object.reportingComponent)
  return text(jsonPath(object, `.${field}`)[0])
}

/** Reads what the version of the request shows, except for events, which are matched as shown there. */
function fieldMatch(selector: string | null, resource: Resource): Match {
  const all = requirements(selector ?? '').map((part): Match => {
    const [, field = '', operator, value = ''] = /^([^=!]+)(==|=|!=)(.*)$/.exec(part) ?? []
    if (operator === undefined) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`)
    const known =
      always.includes(field) ||
      (selectable[resource.storage] ?? items(resource.selectableFields)).includes(field)
    if (!known) throw badRequest(`field label not supported: ${field}`)
    return operator === '!='
      ? (object) => valueAt(object, field) !== value
      : (object) => valueAt(object, field) === value
  })
  return (object) => all.every((one) => one(object))
}

/** Both selectors of a request, over objects as stored. */
export function matchOf(resource: Resource, query: URLSearchParams, name = ''): Match {
  const label = labelMatch(query.get('labelSelector'))
  const field = fieldMatch(query.get('fieldSelector'), resource)
  const show = resource.show ?? ((object: KubeObject) => object)
  return (object) => (name === '' || object.metadata.name === name) && label(object) && field(show(object))
}

export const isSelecting = (query: URLSearchParams): boolean =>
  (query.get('labelSelector') ?? '') !== '' || (query.get('fieldSelector') ?? '') !== ''
