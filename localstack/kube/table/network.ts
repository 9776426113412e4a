/** Columns of Services, Ingresses, IngressClasses, Endpoints and EndpointSlices. */
import { at, fields, items, type KubeObject, number, text } from '../object.ts'
import { age, column, name, or, pairs } from './column.ts'

const addresses = (object: KubeObject): string =>
  items(at(object.status, 'loadBalancer', 'ingress'))
    .map((one) => text(at(one, 'hostname')) || text(at(one, 'ip')))
    .filter((one) => one !== '')
    .join(',')

function externalIp(service: KubeObject): string {
  const spec = fields(service.spec)
  if (spec.type === 'ExternalName') return text(spec.externalName)
  const given = items(spec.externalIPs).map(text)
  if (spec.type === 'LoadBalancer')
    return or([addresses(service), ...given].filter(Boolean).join(','), '<pending>')
  return or(given.join(','))
}

const servicePort = (port: unknown): string => {
  const node = number(at(port, 'nodePort'))
  return `${number(at(port, 'port'))}${node > 0 ? `:${node}` : ''}/${text(at(port, 'protocol'))}`
}

export const serviceColumns = [
  name,
  column('Type', (service) => text(at(service.spec, 'type'))),
  column('Cluster-IP', (service) => or(text(at(service.spec, 'clusterIP')))),
  column('External-IP', externalIp),
  column('Port(s)', (service) => or(items(at(service.spec, 'ports')).map(servicePort).join(','))),
  age,
  column('Selector', (service) => pairs(fields(at(service.spec, 'selector'))), { wide: true }),
]

function hosts(ingress: KubeObject): string {
  const all = items(at(ingress.spec, 'rules'))
    .map((rule) => text(at(rule, 'host')))
    .filter((host) => host !== '')
  const shown = all.slice(0, 3).join(',')
  if (all.length > 3) return `${shown} + ${all.length - 3} more...`
  return or(shown, '*')
}

export const ingressColumns = [
  name,
  column('Class', (ingress) => or(text(at(ingress.spec, 'ingressClassName')))),
  column('Hosts', hosts),
  column('Address', addresses),
  column('Ports', (ingress) => (items(at(ingress.spec, 'tls')).length > 0 ? '80, 443' : '80')),
  age,
]

function parameters(object: KubeObject): string {
  const given = fields(at(object.spec, 'parameters'))
  if (given.kind === undefined) return '<none>'
  const group = text(given.apiGroup)
  return `${text(given.kind)}${group === '' ? '' : `.${group}`}/${text(given.name)}`
}

export const ingressClassColumns = [
  name,
  column('Controller', (object) => text(at(object.spec, 'controller'))),
  column('Parameters', parameters),
  age,
]

/** Three of them, and how many more there are. */
const short = (all: readonly string[]): string =>
  all.length > 3 ? `${all.slice(0, 3).join(',')} + ${all.length - 3} more...` : all.join(',')

export const endpointsColumns = [
  name,
  column('Endpoints', (object) =>
    or(
      short(
        items(object.subsets).flatMap((subset) =>
          items(at(subset, 'addresses')).flatMap((address) =>
            items(at(subset, 'ports')).map(
              (port) => `${text(at(address, 'ip'))}:${number(at(port, 'port'))}`,
            ),
          ),
        ),
      ),
    ),
  ),
  age,
]

export const endpointSliceColumns = [
  name,
  column('AddressType', (object) => text(object.addressType)),
  column('Ports', (object) =>
    or(short(items(object.ports).map((port) => or(text(at(port, 'port')), '*'))), '<unset>'),
  ),
  column('Endpoints', (object) =>
    or(short(items(object.endpoints).flatMap((one) => items(at(one, 'addresses')).map(text))), '<unset>'),
  ),
  age,
]
