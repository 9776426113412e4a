/**
 * Pods that fail requests when they leave: their containers end while the load balancer still sends requests, or before they have
 * answered those. Kubernetes tells the load balancer and the kubelet at once; only a preStop hook makes the second wait.
 */
import type { Container, Pod, Service, ServicePort } from './cluster.ts'
import type { Problem } from './problem.ts'
import { findPort } from './service.ts'
import type { Settings } from './settings.ts'

type Given = {
  readonly service: Service
  /** The binding's reference to a port of it. */
  readonly port: number | string
  readonly pods: readonly Pod[]
  /** Of the target group, as far as they are known. */
  readonly attributes?: Readonly<Record<string, string>> | undefined
}
export type PreStopReport = { readonly failing: readonly Pod[]; readonly problems: readonly Problem[] }

/** What AWS takes where nobody states the attribute. */
const defaultDelaySeconds = 300
/** What Kubernetes takes where nobody states the period. */
const defaultGraceSeconds = 30
/** Left to a container after its hook, to end by itself. */
const endingSeconds = 5

/** Seconds that a pod must go on serving once it is deleted; 0: nobody wants to know. */
export function neededSeconds(
  { deregistrationPropagationMs, longestRequestMs }: Settings,
  attributes: Given['attributes'] = {},
): number {
  if (deregistrationPropagationMs === 0) return 0
  const delay = Number(attributes['deregistration_delay.timeout_seconds'] ?? defaultDelaySeconds)
  // What takes longer than the delay is cut off by the load balancer, whatever the pod does.
  return Math.ceil((deregistrationPropagationMs + Math.min(longestRequestMs, delay * 1000)) / 1000)
}

export function lintPreStop({ service, port, pods, attributes }: Given, settings: Settings): PreStopReport {
  const needed = neededSeconds(settings, attributes)
  const servicePort = findPort(service, port)
  if (needed === 0 || servicePort === undefined) return { failing: [], problems: [] }
  const failing: Pod[] = []
  const faults = new Map<string, Problem>()
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined) continue
    const fault = faultOf(pod, servicePort, needed)
    if (fault === undefined) continue
    failing.push(pod)
    const problem = problemOf(service, pod, fault, needed)
    faults.set(problem.message, problem)
  }
  const problems = [...faults].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, problem]) => problem)
  return { failing, problems }
}

type Fault = { readonly container: Container; readonly says: string }

/** Of the container that serves the port; where none states it, of the one that stays longest. */
function faultOf({ spec }: Pod, port: ServicePort, needed: number): Fault | undefined {
  const containers = spec.containers ?? []
  const target = port.targetPort ?? port.port
  const serving = containers.filter(({ ports }) =>
    ports?.some(({ name, containerPort }) => name === target || containerPort === target),
  )
  const grace = spec.terminationGracePeriodSeconds ?? defaultGraceSeconds
  const faults = (serving.length > 0 ? serving : containers).map((container) =>
    faultOfContainer(container, grace, needed),
  )
  return faults.includes(undefined) ? undefined : faults[0]
}

function faultOfContainer(container: Container, grace: number, needed: number): Fault | undefined {
  const sleeps = sleepSeconds(container)
  if (sleeps === 0) return { container, says: 'has no preStop hook that waits' }
  // A hook of which nobody can tell how long it takes is trusted, as far as the grace period lets it go on.
  if (grace < needed) return { container, says: `is ended after ${grace} s by terminationGracePeriodSeconds` }
  if (sleeps !== undefined && sleeps < needed)
    return { container, says: `sleeps only ${sleeps} s in its preStop hook` }
  return undefined
}

/** Undefined: it takes as long as it takes. */
function sleepSeconds({ lifecycle }: Container): number | undefined {
  const hook = lifecycle?.preStop
  if (hook?.sleep !== undefined) return hook.sleep.seconds
  if (hook?.exec !== undefined) return sleepsOf(hook.exec.command ?? [])
  return hook === undefined ? 0 : undefined
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** `sleep 20`, by itself or in a line for a shell; lines that loop or wait for something are not followed. */
function sleepsOf(command: readonly string[]): number | undefined {
  const line = command.join(' ')
  if (/\b(while|until|for|wait)\b/.test(line)) return undefined
  const found = [...line.matchAll(/(?:^|[\s;&|(/])sleep\s+(\d+(?:\.\d+)?)([smhd]?)\b/g)]
  if (found.length === 0) return undefined
  return found.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit || 's'] ?? 1), 0)
}

function problemOf(service: Service, pod: Pod, { container, says }: Fault, needed: number): Problem {
  const { namespace, name } = service.metadata
  const which = `container ${container.name}`
  return {
    kind: 'PreStopTooShort',
    level: 'warning',
    on: { kind: 'Service', ...(namespace === undefined ? {} : { namespace }), name },
    message: `pods of ${workloadOf(pod)} fail requests when they leave: the load balancer may need them for ${needed} s, and ${which} ${says}`,
    remedy: `Let ${which} sleep in lifecycle.preStop for ${needed} s, with a terminationGracePeriodSeconds of ${needed + endingSeconds} or more.`,
  }
}

/** What a user edits: the Deployment rather than its ReplicaSet, whose name ends in a hash of the template. */
function workloadOf({ metadata }: Pod): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (owner === undefined) return `Pod ${metadata.name}`
  const deployment = /^(.+)-[bcdfghjklmnpqrstvwxz2456789]{1,10}$/.exec(owner.name)?.[1]
  return owner.kind === 'ReplicaSet' && deployment !== undefined
    ? `Deployment ${deployment}`
    : `${owner.kind} ${owner.name}`
}
