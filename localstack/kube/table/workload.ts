/** Columns of pods, ReplicaSets and Deployments. */
import { at, fields, items, type KubeObject, number, text } from '../object.ts'
import { age, column, name, or, pairs } from './column.ts'

const statuses = (pod: KubeObject): Record<string, unknown>[] =>
  items(at(pod.status, 'containerStatuses')).map(fields)

function podStatus(pod: KubeObject): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating'
  for (const status of statuses(pod)) {
    const reason =
      text(at(status.state, 'waiting', 'reason')) || text(at(status.state, 'terminated', 'reason'))
    if (reason !== '') return reason
  }
  return or(text(at(pod.status, 'reason')) || text(at(pod.status, 'phase')), 'Unknown')
}

const ready = (pod: KubeObject): string => {
  const all = items(at(pod.spec, 'containers')).length
  return `${statuses(pod).filter((status) => status.ready === true).length}/${all}`
}

function gates(pod: KubeObject): string {
  const wanted = items(at(pod.spec, 'readinessGates'))
  if (wanted.length === 0) return '<none>'
  const conditions = items(at(pod.status, 'conditions'))
  const met = wanted.filter((gate) =>
    conditions.some((one) => at(one, 'type') === at(gate, 'conditionType') && at(one, 'status') === 'True'),
  )
  return `${met.length}/${wanted.length}`
}

const wide = { wide: true } as const

export const podColumns = [
  name,
  column('Ready', ready),
  column('Status', podStatus),
  column(
    'Restarts',
    (pod) => `${statuses(pod).reduce((sum, status) => sum + number(status.restartCount), 0)}`,
  ),
  age,
  column('IP', (pod) => or(text(at(pod.status, 'podIP'))), wide),
  column('Node', (pod) => or(text(at(pod.spec, 'nodeName'))), wide),
  column('Nominated Node', (pod) => or(text(at(pod.status, 'nominatedNodeName'))), wide),
  column('Readiness Gates', gates, wide),
]

const containers = (object: KubeObject): Record<string, unknown>[] =>
  items(at(object.spec, 'template', 'spec', 'containers')).map(fields)

function selector(object: KubeObject): string {
  const given = fields(at(object.spec, 'selector'))
  const expressions = items(given.matchExpressions).map(
    (one) =>
      `${text(at(one, 'key'))} ${text(at(one, 'operator')).toLowerCase()} (${items(at(one, 'values')).join(',')})`,
  )
  const labels = given.matchLabels === undefined ? [] : [pairs(fields(given.matchLabels))]
  return or([...labels, ...expressions].join(','))
}

const templateColumns = [
  column(
    'Containers',
    (object) =>
      containers(object)
        .map((one) => text(one.name))
        .join(','),
    wide,
  ),
  column(
    'Images',
    (object) =>
      containers(object)
        .map((one) => text(one.image))
        .join(','),
    wide,
  ),
  column('Selector', selector, wide),
]

const count = (title: string, ...path: readonly string[]): ReturnType<typeof column> =>
  column(title, (object) => number(at(object, ...path)), { type: 'integer', format: 'int32' })

export const deploymentColumns = [
  name,
  column(
    'Ready',
    (object) => `${number(at(object.status, 'readyReplicas'))}/${number(at(object.spec, 'replicas'))}`,
  ),
  count('Up-to-date', 'status', 'updatedReplicas'),
  count('Available', 'status', 'availableReplicas'),
  age,
  ...templateColumns,
]

export const replicaSetColumns = [
  name,
  count('Desired', 'spec', 'replicas'),
  count('Current', 'status', 'replicas'),
  count('Ready', 'status', 'readyReplicas'),
  age,
  ...templateColumns,
]
