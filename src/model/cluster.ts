/** Kubernetes objects as the API server's JSON has them, narrowed to what we read. Caches hold exactly these. */
import type { IngressClassParamsSpec } from '../kind/ingress-class-params.ts'
import type { IngressGroupStatus } from '../kind/ingress-group.ts'
import type { IngressReportStatus } from '../kind/ingress-report.ts'
import type { TargetGroupBindingSpec } from '../kind/target-group-binding.ts'
import type { Secret } from '../lib/secret.ts'

export type Metadata = {
  readonly name: string
  /** Empty for cluster-scoped objects. */
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  /** Of pods and IngressReports alone. */
  readonly ownerReferences?: readonly {
    readonly uid?: string
    readonly kind: string
    readonly name: string
    readonly controller?: boolean
  }[]
}
export type KubeObject = { readonly apiVersion?: string; readonly kind?: string; readonly metadata: Metadata }

export type IngressBackend = {
  readonly service?: {
    readonly name: string
    readonly port?: { readonly name?: string; readonly number?: number }
  }
  readonly resource?: unknown
}
export type IngressPath = {
  readonly path?: string
  readonly pathType?: string
  readonly backend: IngressBackend
}
export type IngressRule = {
  readonly host?: string
  readonly http?: { readonly paths: readonly IngressPath[] }
}
export type IngressStatusEntry = {
  readonly hostname?: string
  readonly ip?: string
  readonly ports?: readonly { readonly port: number; readonly protocol?: string }[]
}
export type Ingress = KubeObject & {
  readonly spec: {
    readonly ingressClassName?: string
    readonly defaultBackend?: IngressBackend
    readonly rules?: readonly IngressRule[]
    readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[]
  }
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly IngressStatusEntry[] } }
}

export type IngressClass = KubeObject & {
  readonly spec: {
    readonly controller?: string
    readonly parameters?: { readonly apiGroup?: string; readonly kind: string; readonly name: string }
  }
}
export type IngressClassParams = KubeObject & { readonly spec: IngressClassParamsSpec }
export type Namespace = KubeObject
/** What OpenID Connect reads of a Secret: base64 as the API server has it, hidden. */
export type OidcSecret = KubeObject & {
  readonly data: Readonly<Record<string, Secret>>
  /** Equal for equal data: hidden values can't be compared. */
  readonly fingerprint: string
}
export type ConfigMap = KubeObject & { readonly data?: Readonly<Record<string, string>> }

export type ServicePort = {
  readonly name?: string
  readonly port: number
  readonly targetPort?: number | string
  readonly nodePort?: number
  readonly protocol?: string
}
export type Service = KubeObject & {
  readonly spec: {
    readonly type?: string
    readonly clusterIP?: string
    readonly externalName?: string
    readonly ipFamilies?: readonly string[]
    readonly ports?: readonly ServicePort[]
    readonly selector?: Readonly<Record<string, string>>
  }
}

export type Endpoint = {
  readonly addresses: readonly string[]
  readonly conditions?: {
    readonly ready?: boolean
    readonly serving?: boolean
    readonly terminating?: boolean
  }
  readonly nodeName?: string
  readonly zone?: string
  readonly targetRef?: {
    readonly kind?: string
    readonly namespace?: string
    readonly name?: string
    readonly uid?: string
  }
}
export type EndpointSlice = KubeObject & {
  readonly addressType: string
  readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[]
  readonly endpoints?: readonly Endpoint[] | null
}

export type PodCondition = {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
  /** Not of pods. */
  readonly observedGeneration?: number
}
/** Which ports it states, and what it does before it is ended. */
export type Container = {
  readonly name?: string
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[]
  readonly lifecycle?: {
    readonly preStop?: {
      readonly sleep?: { readonly seconds: number }
      readonly exec?: { readonly command?: readonly string[] }
      readonly httpGet?: object
      readonly tcpSocket?: object
    }
  }
}
export type Pod = KubeObject & {
  readonly spec: {
    readonly nodeName?: string
    readonly readinessGates?: readonly { readonly conditionType: string }[]
    readonly terminationGracePeriodSeconds?: number
    readonly containers?: readonly Container[]
  }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly podIPs?: readonly { readonly ip: string }[]
    readonly conditions?: readonly PodCondition[]
  }
}

export type Node = KubeObject & {
  readonly spec: {
    readonly providerID?: string
    readonly unschedulable?: boolean
    readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
  }
  readonly status?: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[]
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

export type TargetGroupBinding = KubeObject & {
  readonly spec: TargetGroupBindingSpec
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: readonly PodCondition[] }
}

export type IngressReport = KubeObject & { readonly status?: IngressReportStatus }
export type IngressGroup = KubeObject & { readonly status?: IngressGroupStatus }

/** What a group's model reads: every Ingress (membership needs them all), and the objects they may name. */
export type Cluster = {
  readonly ingresses: readonly Ingress[]
  readonly ingressClasses: readonly IngressClass[]
  readonly ingressClassParams: readonly IngressClassParams[]
  readonly namespaces: readonly Namespace[]
  readonly services: readonly Service[]
}

/** What the targets of one binding are computed from. */
export type Endpoints = {
  readonly service: Service | undefined
  readonly slices: readonly EndpointSlice[]
  /** Pods that the slices name. */
  readonly pods: readonly Pod[]
  readonly nodes: readonly Node[]
}

/** `<namespace>/<name>`, or the name alone for cluster-scoped objects. */
export const keyOf = (object: KubeObject): string =>
  object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : object.metadata.name
