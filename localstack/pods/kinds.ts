/** The objects that the local cluster's controllers read and write, narrowed to what they use. */
import type { Item } from './api.ts'

export type Condition = {
  type: string
  status: string
  reason?: string
  message?: string
  lastTransitionTime?: string
}

export type Container = {
  name: string
  image: string
  ports?: { name?: string; containerPort: number; protocol?: string }[]
  env?: { name: string; value?: string }[]
  lifecycle?: {
    preStop?: {
      sleep?: { seconds: number }
      exec?: { command?: string[] }
      httpGet?: { path?: string; port: number | string; host?: string }
    }
  }
}
type PodSpec = {
  nodeName?: string
  containers?: Container[]
  readinessGates?: { conditionType: string }[]
  terminationGracePeriodSeconds?: number
}
export type Pod = Item & {
  spec: PodSpec
  status?: { phase?: string; podIP?: string; conditions?: Condition[]; startTime?: string }
}
type PodTemplate = {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }
  spec: PodSpec
}
export type ReplicaSet = Item & {
  spec: { replicas?: number; selector: { matchLabels?: Record<string, string> }; template: PodTemplate }
  status?: Record<string, unknown>
}
export type Deployment = Item & {
  spec: {
    replicas?: number
    selector: { matchLabels?: Record<string, string> }
    template: PodTemplate
    strategy?: { rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string } }
  }
  status?: Record<string, unknown>
}
type ServicePort = {
  name?: string
  port: number
  targetPort?: number | string
  nodePort?: number
  protocol?: string
}
export type Service = Item & {
  spec: {
    type?: string
    selector?: Record<string, string>
    ports?: ServicePort[]
    publishNotReadyAddresses?: boolean
  }
}
export type Node = Item & {
  spec: { providerID?: string; unschedulable?: boolean; taints?: { key: string; effect: string }[] }
  status?: { addresses?: { type: string; address: string }[]; conditions?: Condition[] }
}
export type EndpointSlice = Item & { addressType: string; ports?: unknown; endpoints?: unknown }

export const isReady = (item: { status?: { conditions?: Condition[] } }): boolean =>
  item.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ??
  false

export const selects = (
  selector: Record<string, string> | undefined,
  labels: Record<string, string> | undefined,
): boolean =>
  selector !== undefined &&
  Object.keys(selector).length > 0 &&
  Object.entries(selector).every(([key, value]) => labels?.[key] === value)

/** The number of a port that may be a container port's name. */
export function portOf(pod: Pod, port: number | string): number | undefined {
  if (typeof port === 'number') return port
  if (/^\d+$/.test(port)) return Number(port)
  for (const container of pod.spec.containers ?? []) {
    const found = container.ports?.find((candidate) => candidate.name === port)
    if (found !== undefined) return found.containerPort
  }
  return undefined
}
