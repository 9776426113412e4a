/** Service: cluster IPs and node ports are handed out, the rest is defaulted and checked as the real server does. */
import { fields, items, type KubeObject, number, text } from '../object.ts'
import type { KindRules } from '../resource.ts'
import { type Cause, duplicate, invalidValue, notSupported, required } from '../status.ts'
import type { Store } from '../store.ts'

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const firstNodePort = 30000
const lastNodePort = 32767
const storage = 'services'

const specOf = (object: KubeObject | undefined): Record<string, unknown> => fields(object?.spec)
const portsOf = (object: KubeObject | undefined): Record<string, unknown>[] =>
  items(specOf(object).ports).map(fields)
const hasNodePorts = (spec: Record<string, unknown>): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)

const others = (store: Store, self: KubeObject): readonly KubeObject[] =>
  store
    .list(storage)
    .filter(
      (one) => one.metadata.name !== self.metadata.name || one.metadata.namespace !== self.metadata.namespace,
    )

/** The lowest free address of 10.100.0.0/16, after the ones that a cluster keeps for itself. */
function freeClusterIp(store: Store, self: KubeObject): string {
  const taken = new Set(others(store, self).map((one) => text(specOf(one).clusterIP)))
  for (let index = 10; index < 65_000; index += 1) {
    const address = `10.100.${index >> 8}.${index & 255}`
    if (!taken.has(address)) return address
  }
  return ''
}

const takenNodePorts = (store: Store, self: KubeObject): Set<number> =>
  new Set(others(store, self).flatMap((one) => portsOf(one).map((port) => number(port.nodePort))))

function defaults(object: KubeObject, store: Store, old?: KubeObject): void {
  const spec = specOf(object)
  object.spec = spec
  spec.type ??= 'ClusterIP'
  spec.sessionAffinity ??= 'None'
  if (spec.sessionAffinity === 'ClientIP')
    spec.sessionAffinityConfig ??= { clientIP: { timeoutSeconds: 10800 } }
  for (const port of portsOf(object)) {
    port.protocol ??= 'TCP'
    if (port.targetPort === undefined || port.targetPort === '' || port.targetPort === 0)
      port.targetPort = port.port
  }
  if (spec.type === 'ExternalName') return withoutCluster(spec, old)
  clusterDefaults(object, store, old)
}

function withoutCluster(spec: Record<string, unknown>, old: KubeObject | undefined): void {
  // As the real server: what belonged to the former type goes with it.
  if (old === undefined || specOf(old).type === 'ExternalName') return
  for (const key of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy'])
    delete spec[key]
}

function clusterDefaults(object: KubeObject, store: Store, old: KubeObject | undefined): void {
  const spec = specOf(object)
  clusterIp(object, store, specOf(old))
  spec.ipFamilies ??= ['IPv4']
  spec.ipFamilyPolicy ??= 'SingleStack'
  spec.internalTrafficPolicy ??= 'Cluster'
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
  if (spec.type !== 'ClusterIP') spec.externalTrafficPolicy ??= 'Cluster'
  else delete spec.externalTrafficPolicy
  if (spec.type !== 'LoadBalancer') delete spec.allocateLoadBalancerNodePorts
  nodePorts(object, store, old)
}

function clusterIp(object: KubeObject, store: Store, before: Record<string, unknown>): void {
  const spec = specOf(object)
  if (text(spec.clusterIP) === '' && text(before.clusterIP) !== '') spec.clusterIP = before.clusterIP
  if (text(spec.clusterIP) === '')
    spec.clusterIP = text(items(spec.clusterIPs)[0]) || freeClusterIp(store, object)
  spec.clusterIPs ??= [spec.clusterIP]
}

function nodePorts(object: KubeObject, store: Store, old: KubeObject | undefined): void {
  const spec = specOf(object)
  const former = portsOf(old)
  const same = (port: Record<string, unknown>): Record<string, unknown> | undefined =>
    former.find((one) => one.port === port.port && one.protocol === port.protocol)
  if (!hasNodePorts(spec)) {
    if (hasNodePorts(specOf(old)))
      for (const port of portsOf(object)) if (same(port)?.nodePort === port.nodePort) delete port.nodePort
    return
  }
  const taken = takenNodePorts(store, object)
  for (const port of portsOf(object)) if (number(port.nodePort) > 0) taken.add(number(port.nodePort))
  for (const port of portsOf(object)) {
    if (number(port.nodePort) > 0) continue
    let free = number(same(port)?.nodePort) || firstNodePort
    while (taken.has(free)) free += 1
    port.nodePort = free
    taken.add(free)
  }
}

const label = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/
const portName = /^(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/

function validate(object: KubeObject, store: Store, old?: KubeObject): Cause[] {
  const spec = specOf(object)
  const out: Cause[] = []
  if (!label.test(object.metadata.name))
    out.push(
      invalidValue(
        'metadata.name',
        object.metadata.name,
        `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
      ),
    )
  if (!types.includes(text(spec.type))) out.push(notSupported('spec.type', spec.type, types))
  if (spec.type === 'ExternalName' && text(spec.externalName) === '') out.push(required('spec.externalName'))
  if (!['ClientIP', 'None'].includes(text(spec.sessionAffinity)))
    out.push(notSupported('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']))
  if (portsOf(object).length === 0 && spec.type !== 'ExternalName' && spec.clusterIP !== 'None')
    out.push(required('spec.ports'))
  out.push(...validatePorts(object, store))
  const was = text(specOf(old).clusterIP)
  if (was !== '' && spec.type !== 'ExternalName' && was !== text(spec.clusterIP))
    out.push(invalidValue('spec.clusterIPs[0]', items(spec.clusterIPs), 'may not change once set'))
  return out
}

function validatePorts(object: KubeObject, store: Store): Cause[] {
  const out: Cause[] = []
  const list = portsOf(object)
  const names = new Set<string>()
  const taken = takenNodePorts(store, object)
  list.forEach((port, index) => {
    const field = `spec.ports[${index}]`
    const name = text(port.name)
    if (name === '' && list.length > 1) out.push(required(`${field}.name`))
    if (name !== '' && !portName.test(name))
      out.push(
        invalidValue(
          `${field}.name`,
          name,
          `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
        ),
      )
    if (name !== '' && names.has(name)) out.push(duplicate(`${field}.name`, name))
    names.add(name)
    if (!(number(port.port) >= 1 && number(port.port) <= 65535))
      out.push(invalidValue(`${field}.port`, port.port ?? 0, 'must be between 1 and 65535, inclusive'))
    if (!['TCP', 'UDP', 'SCTP'].includes(text(port.protocol)))
      out.push(notSupported(`${field}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']))
    out.push(...validateNodePort(number(port.nodePort), `${field}.nodePort`, taken))
  })
  return out
}

function validateNodePort(port: number, field: string, taken: ReadonlySet<number>): Cause[] {
  if (port === 0) return []
  if (port < firstNodePort || port > lastNodePort)
    return [
      invalidValue(
        field,
        port,
        `provided port is not in the valid range. The range of valid ports is ${firstNodePort}-${lastNodePort}`,
      ),
    ]
  return taken.has(port) ? [invalidValue(field, port, 'provided port is already allocated')] : []
}

export const serviceRules: KindRules = {
  initialStatus: () => ({ loadBalancer: {} }),
  defaults,
  validate,
}
