/** The Kubernetes resources that the controller reads and writes, and where the API server keeps them. */
import type {
  ConfigMap,
  EndpointSlice,
  Ingress,
  IngressClass,
  IngressClassParams,
  IngressGroup,
  IngressReport,
  KubeObject,
  Namespace,
  Node,
  Pod,
  OidcSecret,
  Service,
  TargetGroupBinding,
} from '../model/cluster.ts'

export type Resource<T extends KubeObject = KubeObject> = {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
  /** Never set: ties the resource to the type of its objects. */
  readonly object?: T
}
export type ObjectName = { readonly namespace?: string; readonly name: string }

const resource = <T extends KubeObject>(
  apiVersion: string,
  plural: string,
  kind: string,
  scope: 'namespaced' | 'cluster' = 'namespaced',
): Resource<T> => {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  return { group: group ?? '', version: version ?? '', plural, kind, namespaced: scope === 'namespaced' }
}

export const ingresses = resource<Ingress>('networking.k8s.io/v1', 'ingresses', 'Ingress')
export const ingressClasses = resource<IngressClass>(
  'networking.k8s.io/v1',
  'ingressclasses',
  'IngressClass',
  'cluster',
)
export const ingressClassParams = resource<IngressClassParams>(
  'elbv2.k8s.aws/v1beta1',
  'ingressclassparams',
  'IngressClassParams',
  'cluster',
)
export const targetGroupBindings = resource<TargetGroupBinding>(
  'elbv2.k8s.aws/v1beta1',
  'targetgroupbindings',
  'TargetGroupBinding',
)
export const ingressReports = resource<IngressReport>(
  'albatross.dev/v1alpha1',
  'ingressreports',
  'IngressReport',
)
export const ingressGroups = resource<IngressGroup>(
  'albatross.dev/v1alpha1',
  'ingressgroups',
  'IngressGroup',
  'cluster',
)
export const services = resource<Service>('v1', 'services', 'Service')
export const endpointSlices = resource<EndpointSlice>(
  'discovery.k8s.io/v1',
  'endpointslices',
  'EndpointSlice',
)
export const pods = resource<Pod>('v1', 'pods', 'Pod')
/** Narrowed and hidden as soon as they are read. */
export const oidcSecrets = resource<OidcSecret>('v1', 'secrets', 'Secret')
export const nodes = resource<Node>('v1', 'nodes', 'Node', 'cluster')
export const namespaces = resource<Namespace>('v1', 'namespaces', 'Namespace', 'cluster')
export const events = resource<KubeObject>('events.k8s.io/v1', 'events', 'Event')
/** The older form of the same objects. */
export const coreEvents = resource<KubeObject>('v1', 'events', 'Event')

export type Lease = KubeObject & {
  readonly spec?: {
    readonly holderIdentity?: string
    readonly leaseDurationSeconds?: number
    readonly acquireTime?: string
    readonly renewTime?: string
    readonly leaseTransitions?: number
  }
}
export const leases = resource<Lease>('coordination.k8s.io/v1', 'leases', 'Lease')

export type SecretObject = KubeObject & {
  readonly type?: string
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>
}
export const secrets = resource<SecretObject>('v1', 'secrets', 'Secret')

export type WebhookConfiguration = KubeObject & {
  readonly webhooks?: readonly { readonly name: string; readonly [field: string]: unknown }[]
}
export const mutatingWebhookConfigurations = resource<WebhookConfiguration>(
  'admissionregistration.k8s.io/v1',
  'mutatingwebhookconfigurations',
  'MutatingWebhookConfiguration',
  'cluster',
)

export const validatingWebhookConfigurations = resource<WebhookConfiguration>(
  'admissionregistration.k8s.io/v1',
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
  'cluster',
)
/** Not served here: looked at for ALBC's finalizers. */
export const gateways = resource<KubeObject>('gateway.networking.k8s.io/v1', 'gateways', 'Gateway')

export type Definition = KubeObject & {
  readonly spec: Readonly<Record<string, unknown>>
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}
export const customResourceDefinitions = resource<Definition>(
  'apiextensions.k8s.io/v1',
  'customresourcedefinitions',
  'CustomResourceDefinition',
  'cluster',
)

type PolicyBinding = KubeObject & {
  readonly spec?: { readonly policyName?: string; readonly validationActions?: readonly string[] }
}
export const validatingAdmissionPolicyBindings = resource<PolicyBinding>(
  'admissionregistration.k8s.io/v1',
  'validatingadmissionpolicybindings',
  'ValidatingAdmissionPolicyBinding',
  'cluster',
)

export const configMaps = resource<ConfigMap>('v1', 'configmaps', 'ConfigMap')

export const apiVersionOf = ({ group, version }: Resource): string =>
  group ? `${group}/${version}` : version

/** The path of a collection: of one namespace, or of all when none is given. */
export function collectionPath(of: Resource, namespace?: string): string {
  const root = of.group ? `/apis/${of.group}/${of.version}` : `/api/${of.version}`
  const within = of.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${root}${within}/${of.plural}`
}

export const objectPath = (of: Resource, { namespace, name }: ObjectName, subresource?: string): string =>
  `${collectionPath(of, namespace)}/${encodeURIComponent(name)}${subresource ? `/${subresource}` : ''}`
