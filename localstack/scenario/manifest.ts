/** The objects that scenarios apply, as a user would write them. */
export type Manifest = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: unknown
  /** Of a Secret, base64. */
  readonly data?: Readonly<Record<string, string>>
}

const collections: Readonly<Record<string, { readonly base: string; readonly plural: string }>> = {
  Namespace: { base: '/api/v1', plural: 'namespaces' },
  Node: { base: '/api/v1', plural: 'nodes' },
  Service: { base: '/api/v1', plural: 'services' },
  Pod: { base: '/api/v1', plural: 'pods' },
  Deployment: { base: '/apis/apps/v1', plural: 'deployments' },
  IngressClass: { base: '/apis/networking.k8s.io/v1', plural: 'ingressclasses' },
  Ingress: { base: '/apis/networking.k8s.io/v1', plural: 'ingresses' },
  TargetGroupBinding: { base: '/apis/elbv2.k8s.aws/v1beta1', plural: 'targetgroupbindings' },
  IngressClassParams: { base: '/apis/elbv2.k8s.aws/v1beta1', plural: 'ingressclassparams' },
  Secret: { base: '/api/v1', plural: 'secrets' },
  ConfigMap: { base: '/api/v1', plural: 'configmaps' },
  EndpointSlice: { base: '/apis/discovery.k8s.io/v1', plural: 'endpointslices' },
  MutatingWebhookConfiguration: {
    base: '/apis/admissionregistration.k8s.io/v1',
    plural: 'mutatingwebhookconfigurations',
  },
  ValidatingAdmissionPolicy: {
    base: '/apis/admissionregistration.k8s.io/v1',
    plural: 'validatingadmissionpolicies',
  },
  ValidatingAdmissionPolicyBinding: {
    base: '/apis/admissionregistration.k8s.io/v1',
    plural: 'validatingadmissionpolicybindings',
  },
  CustomResourceDefinition: { base: '/apis/apiextensions.k8s.io/v1', plural: 'customresourcedefinitions' },
}

/** Path of a collection, of one namespace or of the whole cluster. */
function collection(kind: string, namespace?: string): string {
  const found = collections[kind]
  if (found === undefined) throw new Error(`no path known for kind ${kind}`)
  return `${found.base}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${found.plural}`
}
export const pathOf = ({ kind, metadata }: Pick<Manifest, 'kind' | 'metadata'>): string =>
  `${collection(kind, metadata.namespace)}/${metadata.name}`

export const namespace = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
})

export const deployment = (
  name: string,
  given: {
    readonly namespace: string
    readonly port: number
    readonly replicas?: number
    /** How long its pods go on serving when they leave. */
    readonly preStopSeconds?: number
  },
): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: given.namespace, labels: { app: name } },
  spec: {
    replicas: given.replicas ?? 3,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          {
            name: 'app',
            image: 'echo:1',
            ports: [{ name: 'http', containerPort: given.port, protocol: 'TCP' }],
            lifecycle: { preStop: { sleep: { seconds: given.preStopSeconds ?? 1 } } },
          },
        ],
      },
    },
  },
})

export const service = (
  name: string,
  given: {
    readonly namespace: string
    readonly port: number
    readonly targetPort: number | string
    readonly type?: string
  },
): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: given.namespace, labels: { app: name } },
  spec: {
    type: given.type ?? 'ClusterIP',
    selector: { app: name },
    ports: [{ name: 'http', port: given.port, targetPort: given.targetPort, protocol: 'TCP' }],
  },
})

export const ingressClass = (name: string, annotations?: Readonly<Record<string, string>>): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: { name, ...(annotations ? { annotations } : {}) },
  spec: { controller: 'ingress.k8s.aws/alb' },
})

export const secret = (
  name: string,
  given: { readonly namespace: string; readonly data: Readonly<Record<string, string>> },
): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: given.namespace },
  data: Object.fromEntries(
    Object.entries(given.data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  ),
})

export type PathRule = {
  readonly host?: string
  readonly path: string
  readonly pathType?: 'Prefix' | 'Exact' | 'ImplementationSpecific'
  readonly service: string
  /** `use-annotation`: what `actions.<service>` says. */
  readonly port: number | string
}

const backendOf = ({ service: name, port }: Pick<PathRule, 'service' | 'port'>) => ({
  service: { name, port: typeof port === 'number' ? { number: port } : { name: port } },
})

/** One `spec.rules` entry a host, in the order given. */
export function ingress(
  name: string,
  given: {
    readonly namespace: string
    readonly class: string
    readonly annotations: Readonly<Record<string, string>>
    readonly paths: readonly PathRule[]
    readonly defaultBackend?: Pick<PathRule, 'service' | 'port'>
  },
): Manifest {
  const hosts = [...new Set(given.paths.map(({ host }) => host))]
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name,
      namespace: given.namespace,
      annotations: Object.fromEntries(
        Object.entries(given.annotations).map(([key, value]) => [`alb.ingress.kubernetes.io/${key}`, value]),
      ),
    },
    spec: {
      ingressClassName: given.class,
      ...(given.defaultBackend ? { defaultBackend: backendOf(given.defaultBackend) } : {}),
      rules: hosts.map((host) => ({
        ...(host === undefined ? {} : { host }),
        http: {
          paths: given.paths
            .filter((rule) => rule.host === host)
            .map((rule) => ({
              path: rule.path,
              pathType: rule.pathType ?? 'Prefix',
              backend: backendOf(rule),
            })),
        },
      })),
    },
  }
}
