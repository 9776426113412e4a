/** Pod, ReplicaSet and Deployment: the defaults that others rely on, and what must not change. */
import { canonical, equal } from '../../../src/lib/json.ts'
import { at, copy, fields, items, type KubeObject, number, text } from '../object.ts'
import type { KindRules } from '../resource.ts'
import { type Cause, forbiddenField, invalidValue, required } from '../status.ts'

function containerDefaults(container: Record<string, unknown>): void {
  const image = text(container.image)
  const tag = image.includes('@') ? 'digest' : (image.split('/').at(-1)?.split(':')[1] ?? 'latest')
  container.imagePullPolicy ??= tag === 'latest' ? 'Always' : 'IfNotPresent'
  container.resources ??= {}
  container.terminationMessagePath ??= '/dev/termination-log'
  container.terminationMessagePolicy ??= 'File'
  for (const port of items(container.ports).map(fields)) port.protocol ??= 'TCP'
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    if (container[name] === undefined) continue
    const probe = fields(container[name])
    probe.timeoutSeconds ??= 1
    probe.periodSeconds ??= 10
    probe.successThreshold ??= 1
    probe.failureThreshold ??= 3
    if (probe.httpGet !== undefined) {
      const get = fields(probe.httpGet)
      get.scheme ??= 'HTTP'
      get.path ??= '/'
    }
  }
}

function podDefaults(spec: Record<string, unknown>): void {
  spec.restartPolicy ??= 'Always'
  spec.terminationGracePeriodSeconds ??= 30
  spec.dnsPolicy ??= 'ClusterFirst'
  spec.schedulerName ??= 'default-scheduler'
  spec.securityContext ??= {}
  for (const list of [spec.containers, spec.initContainers])
    for (const container of items(list).map(fields)) containerDefaults(container)
}

function validateContainers(spec: Record<string, unknown>, field: string): Cause[] {
  const containers = items(spec.containers).map(fields)
  if (containers.length === 0) return [required(`${field}.containers`)]
  const grace = number(spec.terminationGracePeriodSeconds)
  return containers.flatMap((container, index) => [
    ...(text(container.name) === '' ? [required(`${field}.containers[${index}].name`)] : []),
    ...(text(container.image) === '' ? [required(`${field}.containers[${index}].image`)] : []),
    ...validateSleep(container, grace, `${field}.containers[${index}]`),
  ])
}

function validateSleep(container: Record<string, unknown>, grace: number, field: string): Cause[] {
  const seconds = fields(fields(fields(container.lifecycle).preStop).sleep).seconds
  if (typeof seconds !== 'number' || (seconds >= 0 && seconds <= grace)) return []
  const allowed = `must be non-negative and less than terminationGracePeriodSeconds (${grace})`
  return [invalidValue(`${field}.lifecycle.preStop.sleep`, seconds, allowed)]
}

/** What of a pod's spec may change: image, tolerations, grace; a node is set once. */
function fixedPart(spec: unknown): unknown {
  const out = copy(fields(spec))
  for (const key of [
    'activeDeadlineSeconds',
    'tolerations',
    'terminationGracePeriodSeconds',
    'schedulingGates',
  ])
    delete out[key]
  for (const list of [out.containers, out.initContainers])
    for (const container of items(list).map(fields)) delete container.image
  return out
}

const podFixed =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

export const podRules: KindRules = {
  initialStatus: () => ({ phase: 'Pending', qosClass: 'BestEffort' }),
  defaults: (pod) => {
    const spec = fields(pod.spec)
    pod.spec = spec
    podDefaults(spec)
    spec.enableServiceLinks ??= true
  },
  validate: (pod, _store, old) => {
    const out = validateContainers(fields(pod.spec), 'spec')
    if (old === undefined) return out
    const before = fields(fixedPart(old.spec))
    const after = fields(fixedPart(pod.spec))
    if (before.nodeName === undefined) delete after.nodeName
    if (!equal(before, after)) out.push(forbiddenField('spec', podFixed))
    return out
  },
}

function validateSelector(object: KubeObject, old: KubeObject | undefined): Cause[] {
  const spec = fields(object.spec)
  const out: Cause[] = []
  const wanted = fields(at(spec.selector, 'matchLabels'))
  const labels = fields(at(spec.template, 'metadata', 'labels'))
  if (spec.selector === undefined) out.push(required('spec.selector'))
  else if (Object.entries(wanted).some(([key, value]) => labels[key] !== value))
    out.push(
      invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
    )
  if (old !== undefined && canonical(at(old.spec, 'selector')) !== canonical(spec.selector))
    out.push(invalidValue('spec.selector', spec.selector, 'field is immutable'))
  const replicas = spec.replicas
  if (typeof replicas === 'number' && replicas < 0)
    out.push(invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'))
  return [...out, ...validateContainers(fields(at(spec.template, 'spec')), 'spec.template.spec')]
}

function setDefaults(object: KubeObject): Record<string, unknown> {
  const spec = fields(object.spec)
  object.spec = spec
  spec.replicas ??= 1
  const template = fields(spec.template)
  if (spec.template !== undefined) podDefaults((template.spec = fields(template.spec)))
  return spec
}

export const replicaSetRules: KindRules = {
  initialStatus: () => ({ replicas: 0 }),
  defaults: (object) => void setDefaults(object),
  validate: (object, _store, old) => validateSelector(object, old),
}

export const deploymentRules: KindRules = {
  initialStatus: () => ({}),
  defaults: (object) => {
    const spec = setDefaults(object)
    spec.revisionHistoryLimit ??= 10
    spec.progressDeadlineSeconds ??= 600
    const strategy = fields(spec.strategy)
    spec.strategy = strategy
    strategy.type ??= 'RollingUpdate'
    if (strategy.type !== 'RollingUpdate') return
    const rolling = fields(strategy.rollingUpdate)
    strategy.rollingUpdate = rolling
    rolling.maxUnavailable ??= '25%'
    rolling.maxSurge ??= '25%'
  },
  validate: (object, _store, old) => validateSelector(object, old),
}
