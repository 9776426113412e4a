/** The form of most scenarios: objects are applied, requests prove what they do, and all is deleted without a trace. */
import type { AskOptions } from './ask.ts'
import { type Checks, difference, expect, expectEqual } from './check.ts'
import { backendOf, hostnameOf } from './look.ts'
import { deployment, type Manifest, namespace, service } from './manifest.ts'
import type { Answer, Scenario, World } from './scenario.ts'

/** A request and who should answer: a Deployment's name, or a status. */
export type Expectation = AskOptions & {
  readonly path: string
  readonly host?: string
  readonly port?: number
  readonly by: string | number
  /** What else of the answer counts, and what it should be. */
  readonly see?: (answer: Answer) => unknown
  readonly seen?: unknown
}

export type Played = { readonly world: World; readonly checks: Checks; readonly hostname: string }
type Served = {
  readonly objects: readonly Manifest[]
  readonly expectations: readonly Expectation[]
  /** Proofs of another kind. */
  readonly more?: (given: Played) => Promise<void>
  /** Ends what was started beside the system. */
  readonly end?: () => Promise<void>
}
type Given = {
  /** Of the scenario, its namespace and one of its Ingresses. */
  readonly name: string
  readonly title: string
  readonly prepare: (world: World) => Served | Promise<Served>
}

export const workload = (name: string, given: { readonly namespace: string; readonly replicas?: number }) => [
  deployment(name, { namespace: given.namespace, port: 8080, replicas: given.replicas ?? 1 }),
  service(name, { namespace: given.namespace, port: 8080, targetPort: 8080 }),
]

/** Header of the request as the pod got it. */
export const toldHeader =
  (name: string) =>
  ({ body }: Answer): unknown =>
    (JSON.parse(body) as { headers: Record<string, string> }).headers[name]
export const toldUrl = ({ body }: Answer): unknown => (JSON.parse(body) as { url: string }).url
export const answerHeader =
  (name: string) =>
  ({ headers }: Answer): unknown =>
    headers[name]

async function answers(world: World, hostname: string, expected: readonly Expectation[]): Promise<string> {
  const found = await Promise.all(
    expected.map(async ({ path, by: _by, seen: _seen, see, ...how }) => {
      const answer = await world.request(hostname, path, how)
      const by = answer.status === 200 && answer.headers['x-pod'] ? backendOf(answer) : answer.status
      return { ...how, path, by, ...(see ? { seen: see(answer) } : {}) }
    }),
  )
  expectEqual(
    found,
    expected.map(({ see: _see, ...expectation }) => expectation),
    'who answered',
  )
  return `${expected.length} requests, each answered as its rule says`
}

export const served = ({ name, title, prepare }: Given): Scenario => ({
  name,
  title,
  play: async ({ world, checks }) => {
    const { objects: own, expectations, more, end } = await prepare(world)
    const objects = [namespace(name), ...own]
    try {
      const before = await world.state()
      await world.controller.start()
      await world.kube.apply(...objects)
      const hostname = await checks.until(
        'the Ingress has the address of its load balancer',
        () => hostnameOf(world, name, name),
        { withinMs: 15_000 },
      )
      await checks.until(
        'every request is answered by whom its rule names',
        () => answers(world, hostname, expectations),
        { withinMs: 15_000 },
      )
      await more?.({ world, checks, hostname })
      await world.kube.remove(...objects.slice(1).reverse(), namespace(name))
      await checks.until(
        'everything deleted: the account is as it was before',
        async () => {
          const after = await world.state()
          expect(after === before, difference(before, after))
        },
        { withinMs: 20_000 },
      )
    } finally {
      await end?.()
    }
    return objects
  },
})
