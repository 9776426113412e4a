/** Pods behind load balancers that come, roll and go: what the tests of rolling updates and those under load share. */
import assert from 'node:assert/strict'
import { deployment, type Manifest } from '../../localstack/scenario/manifest.ts'
import { eventually, type TestWorld } from '../world.ts'

type Kube = TestWorld['kube']
type Named = { readonly metadata: { readonly name: string } }
export type SeenPod = {
  readonly metadata: {
    readonly name: string
    readonly deletionTimestamp?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: { readonly nodeName?: string }
  readonly status?: {
    readonly podIP?: string
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly reason?: string
    }[]
  }
}

export type App = {
  readonly replicas: number
  /** Pods of another version are rolled. */
  readonly version: string
  readonly gate?: string | undefined
  /** A preStop sleep in seconds, or another hook; 0: none. */
  readonly preStop: number | object
  readonly graceSeconds?: number
  /** Its process leaves at once on SIGTERM, with requests under way. */
  readonly exits?: boolean
  /** More labels of its pods. */
  readonly labels?: Readonly<Record<string, string>>
  readonly maxSurge?: string
}

const hookOf = (preStop: App['preStop']): object =>
  preStop === 0
    ? {}
    : { lifecycle: { preStop: typeof preStop === 'number' ? { sleep: { seconds: preStop } } : preStop } }

/** A Deployment in namespace `shop`, at port 8080. */
export function app(name: string, given: App): Manifest {
  const made = deployment(name, { namespace: 'shop', port: 8080, replicas: given.replicas })
  const spec = made.spec as {
    template: { metadata: { labels: object }; spec: { containers: { lifecycle?: object }[] } }
  }
  const [{ lifecycle: _, ...container } = {}] = spec.template.spec.containers
  const environment = given.exits === true ? { env: [{ name: 'ON_SIGTERM', value: 'exit' }] } : {}
  const maxSurge = given.maxSurge ?? '25%'
  return {
    ...made,
    spec: {
      ...spec,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable: 0 } },
      template: {
        metadata: {
          labels: { ...spec.template.metadata.labels, ...given.labels },
          annotations: { version: given.version },
        },
        spec: {
          ...(given.graceSeconds === undefined ? {} : { terminationGracePeriodSeconds: given.graceSeconds }),
          containers: [{ ...container, ...environment, ...hookOf(given.preStop) }],
          ...(given.gate === undefined ? {} : { readinessGates: [{ conditionType: given.gate }] }),
        },
      },
    },
  }
}

export const podsOf = async (kube: Kube, name: string): Promise<readonly SeenPod[]> => {
  const all = await kube.list<SeenPod>('/api/v1/namespaces/shop/pods')
  return all.filter(({ metadata }) => new RegExp(`^${name}-[^-]+-[^-]+$`).test(metadata.name))
}

const isReady = ({ status }: SeenPod): boolean =>
  status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false

/** So many pods, all ready, all of this version, and no others. */
export const settledAt = (
  kube: Kube,
  name: string,
  { replicas, version }: Pick<App, 'replicas' | 'version'>,
  limitMs: number,
): Promise<void> =>
  eventually(async () => {
    const pods = await podsOf(kube, name)
    const good = pods.filter((pod) => isReady(pod) && pod.metadata.annotations?.['version'] === version)
    assert.deepEqual([pods.length, good.length], [replicas, replicas], name)
  }, limitMs)

/** The readiness gate of the binding that some Ingress has for a Service. */
export const gateOf = (kube: Kube, service: string, limitMs: number): Promise<string> =>
  eventually(async () => {
    type Binding = Named & { readonly spec: { readonly serviceRef: { readonly name: string } } }
    const all = await kube.list<Binding>('/apis/elbv2.k8s.aws/v1beta1/namespaces/shop/targetgroupbindings')
    const found = all.find(({ spec }) => spec.serviceRef.name === service)
    assert.ok(found, `no binding of Service ${service}`)
    return `target-health.elbv2.k8s.aws/${found.metadata.name}`
  }, limitMs)

/** The hostname of an Ingress, once its path is answered. */
export const hostnameOf = (
  world: Pick<TestWorld, 'kube' | 'request'>,
  ingress: string,
  path: string,
  limitMs: number,
): Promise<string> =>
  eventually(async () => {
    type Status = { status?: { loadBalancer?: { ingress?: { hostname: string }[] } } }
    const found = await world.kube.get<Status>(
      `/apis/networking.k8s.io/v1/namespaces/shop/ingresses/${ingress}`,
    )
    const name = found?.status?.loadBalancer?.ingress?.[0]?.hostname
    assert.ok(name, `Ingress ${ingress} has no address`)
    assert.equal((await world.request(name, path)).status, 200)
    return name
  }, limitMs)
