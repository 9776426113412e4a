/** Ingress and IngressClass: checks with the causes of the real server. */
import { isIP } from 'node:net'
import { canonical } from '../../../src/lib/json.ts'
import { at, fields, isFields, items, type KubeObject, number, text } from '../object.ts'
import type { KindRules } from '../resource.ts'
import { type Cause, invalidValue, notSupported, required } from '../status.ts'
import type { Store } from '../store.ts'

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix']
const label = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/
const subdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const subdomainRule = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`
const wildcardRule = `a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`

function validateHost(host: string, field: string): Cause[] {
  if (host === '') return []
  if (isIP(host) !== 0) return [invalidValue(field, host, 'must be a DNS name, not an IP address')]
  if (host.includes('*'))
    return host.startsWith('*.') && subdomain.test(host.slice(2))
      ? []
      : [invalidValue(field, host, wildcardRule)]
  return subdomain.test(host) ? [] : [invalidValue(field, host, subdomainRule)]
}

function validateBackend(backend: unknown, field: string): Cause[] {
  const service = at(backend, 'service')
  const resource = at(backend, 'resource')
  if (service !== undefined && resource !== undefined)
    return [invalidValue(field, '', 'cannot set both resource and service backends')]
  if (resource !== undefined) return []
  if (!isFields(service)) return [invalidValue(field, '', 'resource or service backend is required')]
  const out: Cause[] = []
  const name = text(service.name)
  if (name === '') out.push(required(`${field}.service.name`))
  else if (!label.test(name))
    out.push(
      invalidValue(
        `${field}.service.name`,
        name,
        `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
      ),
    )
  return [...out, ...validateBackendPort(fields(service.port), field)]
}

function validateBackendPort(port: Record<string, unknown>, field: string): Cause[] {
  const name = text(port.name)
  const value = number(port.number)
  if (name !== '' && value !== 0) return [invalidValue(field, '', 'cannot set both port name & port number')]
  if (name !== '')
    return /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/.test(name)
      ? []
      : [
          invalidValue(
            `${field}.service.port.name`,
            name,
            'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
          ),
        ]
  if (value === 0) return [required(field, 'port name or number is required')]
  return value >= 1 && value <= 65535
    ? []
    : [invalidValue(`${field}.service.port.number`, value, 'must be between 1 and 65535, inclusive')]
}

function validatePath(path: Record<string, unknown>, field: string): Cause[] {
  const value = text(path.path)
  const type = text(path.pathType)
  const out: Cause[] = []
  if (type === '') out.push(required(`${field}.pathType`, 'pathType must be specified'))
  else if (!pathTypes.includes(type)) out.push(notSupported(`${field}.pathType`, type, pathTypes))
  else if (!value.startsWith('/') && (type !== 'ImplementationSpecific' || value !== ''))
    out.push(invalidValue(`${field}.path`, value, 'must be an absolute path'))
  if (type === 'Exact' || type === 'Prefix') {
    for (const part of ['//', '/./', '/../', '%2f', '%2F'])
      if (value.includes(part)) out.push(invalidValue(`${field}.path`, value, `must not contain '${part}'`))
    for (const end of ['/..', '/.'])
      if (value.endsWith(end)) out.push(invalidValue(`${field}.path`, value, `cannot end with '${end}'`))
  }
  return [...out, ...validateBackend(path.backend, `${field}.backend`)]
}

function validateIngress(object: KubeObject, _store: unknown, old?: KubeObject): Cause[] {
  const spec = fields(object.spec)
  const rules = items(spec.rules)
  const out: Cause[] = []
  const annotated = object.metadata.annotations?.['kubernetes.io/ingress.class']
  if (old === undefined && annotated !== undefined && text(spec.ingressClassName) !== '')
    out.push(
      invalidValue(
        'annotations.kubernetes.io/ingress.class',
        annotated,
        'can not be set when the class field is also set',
      ),
    )
  if (rules.length === 0 && spec.defaultBackend === undefined)
    out.push(invalidValue('spec', rules, 'either `defaultBackend` or `rules` must be specified'))
  if (spec.defaultBackend !== undefined)
    out.push(...validateBackend(spec.defaultBackend, 'spec.defaultBackend'))
  if (text(spec.ingressClassName) !== '' && !subdomain.test(text(spec.ingressClassName)))
    out.push(invalidValue('spec.ingressClassName', spec.ingressClassName, subdomainRule))
  rules.forEach((rule, index) => {
    const field = `spec.rules[${index}]`
    out.push(...validateHost(text(at(rule, 'host')), `${field}.host`))
    const http = at(rule, 'http')
    if (http === undefined) return
    const paths = items(at(http, 'paths'))
    if (paths.length === 0) out.push(required(`${field}.http.paths`))
    paths.forEach((path, at) => out.push(...validatePath(fields(path), `${field}.http.paths[${at}]`)))
  })
  items(spec.tls).forEach((tls, index) =>
    items(at(tls, 'hosts')).forEach((host, place) =>
      out.push(...validateHost(text(host), `spec.tls[${index}].hosts[${place}]`)),
    ),
  )
  return out
}

const isDefault = (object: KubeObject): boolean =>
  object.metadata.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true'

/** The newest of several, then the first by name, as the admission plugin of the real server chooses. */
function defaultClass(store: Store): string | undefined {
  const age = (object: KubeObject): number => Date.parse(object.metadata.creationTimestamp)
  const [chosen] = store
    .list('ingressclasses.networking.k8s.io')
    .filter(isDefault)
    .sort((a, b) => age(b) - age(a))
  return chosen?.metadata.name
}

export const ingressRules: KindRules = {
  initialStatus: () => ({ loadBalancer: {} }),
  defaults: (object, store, old) => {
    const spec = fields(object.spec)
    object.spec = spec
    const annotated = object.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined
    if (old !== undefined || annotated || spec.ingressClassName !== undefined) return
    const chosen = defaultClass(store)
    if (chosen !== undefined) spec.ingressClassName = chosen
  },
  validate: validateIngress,
}

export const ingressClassRules: KindRules = {
  defaults: (object) => {
    const parameters = at(object.spec, 'parameters')
    if (isFields(parameters)) parameters.scope ??= 'Cluster'
  },
  validate: (object, _store, old) => {
    const spec = fields(object.spec)
    const out: Cause[] = []
    if (text(spec.controller) === '') out.push(required('spec.controller'))
    if (old !== undefined && canonical(at(old.spec, 'controller')) !== canonical(spec.controller))
      out.push(invalidValue('spec.controller', spec.controller, 'field is immutable'))
    const parameters = spec.parameters
    if (!isFields(parameters)) return out
    for (const key of ['kind', 'name'])
      if (text(parameters[key]) === '') out.push(required(`spec.parameters.${key}`))
    if (!['Cluster', 'Namespace'].includes(text(parameters.scope)))
      out.push(notSupported('spec.parameters.scope', parameters.scope, ['Cluster', 'Namespace']))
    if (parameters.scope === 'Namespace' && text(parameters.namespace) === '')
      out.push(required('spec.parameters.namespace', "parameters.scope is set to 'Namespace'"))
    return out
  },
}
