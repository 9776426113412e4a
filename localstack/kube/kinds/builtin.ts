/** The built-in kinds, one row each. */
import { definitions, type Schema } from '../schema/schema.ts'
import * as cluster from '../table/cluster.ts'
import * as network from '../table/network.ts'
import * as workload from '../table/workload.ts'
import type { Column, KindRules, Resource, ScalePaths } from '../resource.ts'
import { at, fields, text } from '../object.ts'
import { definitionRules } from './definition.ts'
import { eventRules, keepFromEvents, showAsEvents } from './event.ts'
import { ingressClassRules, ingressRules } from './ingress.ts'
import { serviceRules } from './service.ts'
import { webhookRules } from './webhook.ts'
import { deploymentRules, podRules, replicaSetRules } from './workload.ts'

type Row = {
  /** Name in the OpenAPI definitions, without `io.k8s.`. */
  readonly type: string
  readonly plural: string
  readonly short?: readonly string[]
  readonly categories?: readonly string[]
  readonly cluster?: true
  readonly status?: true
  readonly generation?: true
  readonly scale?: ScalePaths
  readonly columns?: readonly Column[]
  readonly rules?: KindRules
  readonly more?: Partial<Resource>
}

const groupOf: Readonly<Record<string, string>> = {
  core: '',
  apps: 'apps',
  networking: 'networking.k8s.io',
  discovery: 'discovery.k8s.io',
  coordination: 'coordination.k8s.io',
  events: 'events.k8s.io',
  rbac: 'rbac.authorization.k8s.io',
  admissionregistration: 'admissionregistration.k8s.io',
  apiextensions: 'apiextensions.k8s.io',
}

const all = ['all']
const replicas: ScalePaths = { spec: '.spec.replicas', status: '.status.replicas' }

const namespaceRules: KindRules = {
  initialStatus: () => ({ phase: 'Active' }),
  defaults: (object, _store, old) => {
    object.spec = old === undefined ? { finalizers: ['kubernetes'] } : fields(old.spec)
    // As the real server: selectors of other objects find a namespace by its name.
    object.metadata.labels = {
      ...object.metadata.labels,
      'kubernetes.io/metadata.name': object.metadata.name,
    }
  },
}

const nodeRules: KindRules = {
  initialStatus: (object) => {
    const status = fields(object.status)
    if (status.capacity !== undefined) status.allocatable ??= status.capacity
    return status
  },
}

const secretRules: KindRules = {
  defaults: (object) => {
    object.type ??= 'Opaque'
    const plain = Object.entries(fields(object.stringData))
    if (plain.length === 0) return
    const encoded = plain.map(([key, value]) => [key, Buffer.from(text(value)).toString('base64')])
    object.data = { ...fields(object.data), ...Object.fromEntries(encoded) }
    delete object.stringData
  },
}

const rows: readonly Row[] = [
  {
    type: 'api.core.v1.Namespace',
    plural: 'namespaces',
    short: ['ns'],
    cluster: true,
    status: true,
    columns: cluster.namespaceColumns,
    rules: namespaceRules,
  },
  {
    type: 'api.core.v1.Node',
    plural: 'nodes',
    short: ['no'],
    cluster: true,
    status: true,
    columns: cluster.nodeColumns,
    rules: nodeRules,
  },
  {
    type: 'api.core.v1.Pod',
    plural: 'pods',
    short: ['po'],
    categories: all,
    status: true,
    generation: true,
    columns: workload.podColumns,
    rules: podRules,
  },
  {
    type: 'api.core.v1.Service',
    plural: 'services',
    short: ['svc'],
    categories: all,
    status: true,
    columns: network.serviceColumns,
    rules: serviceRules,
  },
  { type: 'api.core.v1.Secret', plural: 'secrets', columns: cluster.secretColumns, rules: secretRules },
  { type: 'api.core.v1.ConfigMap', plural: 'configmaps', short: ['cm'], columns: cluster.configMapColumns },
  { type: 'api.core.v1.Endpoints', plural: 'endpoints', short: ['ep'], columns: network.endpointsColumns },
  { type: 'api.core.v1.Event', plural: 'events', short: ['ev'], columns: cluster.eventColumns },
  { type: 'api.core.v1.ServiceAccount', plural: 'serviceaccounts', short: ['sa'] },
  {
    type: 'api.apps.v1.Deployment',
    plural: 'deployments',
    short: ['deploy'],
    categories: all,
    status: true,
    generation: true,
    scale: replicas,
    columns: workload.deploymentColumns,
    rules: deploymentRules,
  },
  {
    type: 'api.apps.v1.ReplicaSet',
    plural: 'replicasets',
    short: ['rs'],
    categories: all,
    status: true,
    generation: true,
    scale: replicas,
    columns: workload.replicaSetColumns,
    rules: replicaSetRules,
  },
  {
    type: 'api.networking.v1.Ingress',
    plural: 'ingresses',
    short: ['ing'],
    status: true,
    generation: true,
    columns: network.ingressColumns,
    rules: ingressRules,
  },
  {
    type: 'api.networking.v1.IngressClass',
    plural: 'ingressclasses',
    cluster: true,
    generation: true,
    columns: network.ingressClassColumns,
    rules: ingressClassRules,
  },
  {
    type: 'api.discovery.v1.EndpointSlice',
    plural: 'endpointslices',
    generation: true,
    columns: network.endpointSliceColumns,
  },
  {
    type: 'api.coordination.v1.Lease',
    plural: 'leases',
    columns: cluster.leaseColumns,
    more: { versionedUpdate: true },
  },
  {
    type: 'api.events.v1.Event',
    plural: 'events',
    short: ['ev'],
    columns: cluster.eventColumns,
    rules: eventRules,
    more: { storage: 'events', show: showAsEvents, keep: keepFromEvents },
  },
  {
    type: 'apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
    plural: 'customresourcedefinitions',
    short: ['crd', 'crds'],
    categories: ['api-extensions'],
    cluster: true,
    status: true,
    generation: true,
    columns: cluster.definitionColumns,
    rules: definitionRules,
  },
  { type: 'api.rbac.v1.Role', plural: 'roles' },
  { type: 'api.rbac.v1.RoleBinding', plural: 'rolebindings' },
  { type: 'api.rbac.v1.ClusterRole', plural: 'clusterroles', cluster: true },
  { type: 'api.rbac.v1.ClusterRoleBinding', plural: 'clusterrolebindings', cluster: true },
  {
    type: 'api.admissionregistration.v1.ValidatingWebhookConfiguration',
    plural: 'validatingwebhookconfigurations',
    categories: ['api-extensions'],
    cluster: true,
    generation: true,
    rules: webhookRules,
  },
  {
    type: 'api.admissionregistration.v1.MutatingWebhookConfiguration',
    plural: 'mutatingwebhookconfigurations',
    categories: ['api-extensions'],
    cluster: true,
    generation: true,
    rules: webhookRules,
  },
  {
    type: 'api.admissionregistration.v1.ValidatingAdmissionPolicy',
    plural: 'validatingadmissionpolicies',
    categories: ['api-extensions'],
    cluster: true,
    status: true,
    generation: true,
  },
  {
    type: 'api.admissionregistration.v1.ValidatingAdmissionPolicyBinding',
    plural: 'validatingadmissionpolicybindings',
    categories: ['api-extensions'],
    cluster: true,
  },
]

function resourceOf(row: Row): Resource {
  const parts = row.type.split('.')
  const kind = parts.at(-1) ?? ''
  const group = groupOf[parts.at(-3) ?? ''] ?? ''
  const schema: Schema = definitions.get(row.type) ?? {}
  return {
    group,
    version: 'v1',
    kind,
    plural: row.plural,
    singular: kind.toLowerCase(),
    shortNames: row.short ?? [],
    categories: row.categories ?? [],
    namespaced: row.cluster !== true,
    schema,
    storage: group === '' ? row.plural : `${row.plural}.${group}`,
    custom: false,
    subresources: { status: row.status === true, ...(row.scale === undefined ? {} : { scale: row.scale }) },
    generation: row.generation === true,
    versionedUpdate: false,
    columns: row.columns ?? cluster.plainColumns,
    kindRules: row.rules ?? {},
    ...row.more,
  }
}

export const builtinResources: readonly Resource[] = rows.map(resourceOf)

/** The OpenAPI name of a built-in kind's definition. */
export const typeNameOf = (resource: Resource): string | undefined =>
  rows.find(
    (row) => row.plural === resource.plural && groupOf[row.type.split('.').at(-3) ?? ''] === resource.group,
  )?.type

/** A pod that a kubelet may be running ends in two steps: marked first, then removed by the kubelet. */
export function endsGracefully(resource: Resource, object: { readonly [key: string]: unknown }): boolean {
  const phase = at(object.status, 'phase')
  return (
    resource.storage === 'pods' &&
    at(object.spec, 'nodeName') !== undefined &&
    phase !== 'Succeeded' &&
    phase !== 'Failed'
  )
}
