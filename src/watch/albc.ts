/**
 * Whether ALBC (the AWS Load Balancer Controller) still works in this cluster, or left behind what only it can serve: looked
 * up before the first write, since two controllers of the same Ingresses undo each other. Never inferred from a wish.
 */
import type { Kube } from '../kube/client.ts'
import { isNotFound, type KubeError } from '../kube/error.ts'
import {
  gateways,
  type Lease,
  leases,
  mutatingWebhookConfigurations,
  type ObjectName,
  type Resource,
  validatingWebhookConfigurations,
  type WebhookConfiguration,
} from '../kube/resource.ts'
import type { KubeObject } from '../model/cluster.ts'
import { pause } from './pause.ts'

/** What is in the way, and what to do about it; one sentence each. */
export type Obstacle = { readonly found: string; readonly remedy: string }

export type AbsenceOptions = {
  readonly kube: Pick<Kube, 'list'>
  readonly services: () => readonly KubeObject[]
  /** Ours, if it bears the name of ALBC's: the election itself keeps the two apart. */
  readonly lease: Required<ObjectName>
  /** The configuration that we make ourselves, whose webhooks bear ALBC's names. */
  readonly webhooks: string
  /** Services and Gateways under ALBC's finalizers are known to be served by nobody. */
  readonly acknowledged: boolean
  readonly signal: AbortSignal
}

/** ALBC's default, its chart knows no other. */
export const albcLease = 'aws-load-balancer-controller-leader'
const webhookDomain = '.elbv2.k8s.aws'
const finalizers = ['service.k8s.aws/', 'gateway.k8s.aws/']

/** ALBC renews every 2 s: silent for so long by its own clock, or for so long by ours, it is gone. */
const silentMs = 60_000
/** Clocks differ; that of a Lease which is older than this by ours is not looked at twice. */
const longAgoMs = 600_000
const secondLookMs = 5_000

/** A Lease as last seen, and since when it has been so, by the monotonic clock. */
type Seen = Map<string, { readonly version: string; readonly sinceMs: number }>

export type Absence = {
  /** All that is in the way now; nothing: the first write may be made. */
  look(): Promise<readonly Obstacle[]>
  /** Looks until nothing is in the way, and tells what is whenever that changes; false when the signal came first. */
  wait(onFound: (obstacles: readonly Obstacle[]) => void): Promise<boolean>
}

export function createAbsence(options: AbsenceOptions): Absence {
  const seen: Seen = new Map()
  const look = async (): Promise<readonly Obstacle[]> =>
    (
      await Promise.all([leaseObstacles(options, seen), webhookObstacles(options), leftObstacles(options)])
    ).flat()
  return {
    look,
    wait: async (onFound) => {
      let told = ''
      while (!options.signal.aborted) {
        const obstacles = await look()
        if (options.signal.aborted) break
        if (obstacles.length === 0) return true
        const text = JSON.stringify(obstacles)
        if (text !== told) onFound(obstacles)
        told = text
        await pause(secondLookMs, options.signal)
      }
      return false
    },
  }
}

async function leaseObstacles(options: AbsenceOptions, seen: Seen): Promise<readonly Obstacle[]> {
  const found = await all(leases, options, `metadata.name=${albcLease}`)
  if ('remedy' in found) return [found]
  return found
    .filter(({ metadata }) => !isOurs(metadata, options.lease))
    .filter((lease) => isHeld(lease, seen))
    .map(({ metadata, spec }) => ({
      found: `ALBC is running: Lease ${metadata.namespace}/${metadata.name} is held by ${spec?.holderIdentity}`,
      remedy: `scale its Deployment to 0 (kubectl -n ${metadata.namespace} scale deployment/aws-load-balancer-controller --replicas=0); this goes on ${silentMs / 1000} s after its last sign`,
    }))
}

const isOurs = ({ namespace, name }: KubeObject['metadata'], ours: ObjectName): boolean =>
  namespace === ours.namespace && name === ours.name

function isHeld({ metadata, spec }: Lease, seen: Seen): boolean {
  if (!spec?.holderIdentity) return false
  const key = `${metadata.namespace}/${metadata.name}`
  const version = metadata.resourceVersion ?? ''
  const before = seen.get(key)
  const now = before?.version === version ? before : { version, sinceMs: performance.now() }
  seen.set(key, now)
  const renewedMs = Date.parse(spec.renewTime ?? spec.acquireTime ?? '')
  const ageMs = Number.isNaN(renewedMs) ? 0 : Date.now() - renewedMs
  const unchangedMs = performance.now() - now.sinceMs
  const gone =
    ageMs >= longAgoMs || unchangedMs >= silentMs || (ageMs >= silentMs && unchangedMs >= secondLookMs - 500)
  return !gone
}

async function webhookObstacles(options: AbsenceOptions): Promise<readonly Obstacle[]> {
  const of = [mutatingWebhookConfigurations, validatingWebhookConfigurations]
  const lists = await Promise.all(of.map((resource) => webhooksOf(resource, options)))
  return lists.flat()
}

async function webhooksOf(
  resource: Resource<WebhookConfiguration>,
  options: AbsenceOptions,
): Promise<readonly Obstacle[]> {
  const found = await all(resource, options)
  if ('remedy' in found) return [found]
  const own = resource === mutatingWebhookConfigurations ? options.webhooks : undefined
  return found
    .filter(
      ({ metadata }) =>
        metadata.name !== own && metadata.labels?.['app.kubernetes.io/managed-by'] !== 'albatross',
    )
    .filter(({ webhooks = [] }) => webhooks.some(({ name }) => name.endsWith(webhookDomain)))
    .map(({ metadata }) => ({
      found: `ALBC's webhooks are there: ${resource.kind} ${metadata.name}`,
      remedy: `without ALBC they refuse new Ingresses, bindings and Services: kubectl delete ${resource.kind.toLowerCase()} ${metadata.name}`,
    }))
}

/** Load balancers of Services and Gateways, which are not served here. */
async function leftObstacles(options: AbsenceOptions): Promise<readonly Obstacle[]> {
  if (options.acknowledged) return []
  const found = await all(gateways, options)
  if ('remedy' in found) return [found]
  return [...leftOf('Services', options.services()), ...leftOf('Gateways', found)]
}

function leftOf(what: string, objects: readonly KubeObject[]): readonly Obstacle[] {
  const left = objects.filter(({ metadata }) =>
    metadata.finalizers?.some((one) => finalizers.some((prefix) => one.startsWith(prefix))),
  )
  if (left.length === 0) return []
  const [first] = left.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort()
  const more = left.length === 1 ? '' : ` and ${left.length - 1} more`
  return [
    {
      found: `${what} bear ALBC's finalizers: ${first}${more}`,
      remedy: `their load balancers would be served by nobody, and they could not be deleted: keep ALBC, delete them first, or accept that with --acknowledge-albc-leftovers`,
    },
  ]
}

/** Every object of a kind; of one that isn't defined, none. */
async function all<T extends KubeObject>(
  resource: Resource<T>,
  { kube, signal }: AbsenceOptions,
  fieldSelector?: string,
): Promise<readonly T[] | Obstacle> {
  const answer = await kube.list(resource, { signal, ...(fieldSelector ? { fieldSelector } : {}) })
  if (answer.ok) return answer.value.items
  return isNotFound(answer.error) ? [] : unseen(resource, answer.error)
}

const unseen = ({ plural, group }: Resource, { status, reason, message }: KubeError): Obstacle => ({
  found: `whether ALBC is absent can't be seen, ${plural}.${group} could not be listed: ${reason}: ${message}`,
  remedy:
    status === 403
      ? "permit it by the chart's ClusterRole (chart/files/cluster-rules.yaml)"
      : 'tried again until it can',
})
