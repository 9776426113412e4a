/** A world with a served group, and what the tests of bad input and of held members look at. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deployment, ingress, ingressClass, namespace, service } from '../../localstack/scenario/manifest.ts'
import type { Manifest } from '../../localstack/scenario/manifest.ts'
import type { Running } from '../../src/start.ts'
import { eventually, startTestWorld, type TestWorld } from '../world.ts'

export type SeenEvent = {
  readonly type: string
  readonly reason: string
  readonly message: string
  readonly count: number
  readonly involvedObject: { readonly kind: string; readonly name: string }
}
type IngressObject = {
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly hostname: string }[] }
  }
}

export type Shop = {
  readonly world: TestWorld
  readonly controller: Running
  /** Warnings so far, `times` each. */
  warnings(): Promise<readonly SeenEvent[]>
  /** Number of the last call so far. */
  now(): number
  /** The controller's writes since. */
  writes(since: number): readonly string[]
  /** The hostname in its status; throws while there is none. */
  address(name: string): Promise<string>
  answer(hostname: string, path: string, status: number): Promise<void>
}

const limitMs = 20_000

/** Deployment and Service `web` in namespace `shop`, ready, and the class `alb`. */
export async function openShop(
  flags: readonly string[] = [],
  before?: (world: TestWorld) => void | Promise<void>,
): Promise<Shop> {
  const world = await startTestWorld()
  await before?.(world)
  await world.kube.apply(
    namespace('shop'),
    ingressClass('alb'),
    deployment('web', { namespace: 'shop', port: 8080, replicas: 1 }),
    service('web', { namespace: 'shop', port: 80, targetPort: 8080 }),
  )
  await eventually(async () => {
    const found = await world.kube.get<{ status?: { readyReplicas?: number } }>(
      '/apis/apps/v1/namespaces/shop/deployments/web',
    )
    assert.equal(found?.status?.readyReplicas, 1)
  }, limitMs)
  const controller = world.controller(flags)
  return {
    world,
    controller,
    warnings: async () => {
      const events = await world.kube.list<SeenEvent & { series?: { count: number } }>(
        '/api/v1/namespaces/shop/events',
      )
      return events
        .filter(({ type }) => type === 'Warning')
        .map(({ series, ...event }) => ({
          ...event,
          message: withoutHelp(event.message),
          count: series?.count ?? 1,
        }))
    },
    now: () => world.cloud.journal.since().at(-1)?.n ?? 0,
    writes: (since) =>
      world.cloud.journal
        .since(since)
        .filter(({ write, accessKey }) => write && accessKey === 'CONTROLLER')
        .map(({ action }) => action),
    address: (name) =>
      eventually(async () => {
        const found = await world.kube.get<IngressObject>(pathOf(name))
        const hostname = found?.status?.loadBalancer?.ingress?.[0]?.hostname
        assert.ok(hostname, `Ingress ${name} has no address`)
        return hostname
      }, limitMs),
    answer: (hostname, path, status) =>
      eventually(async () => assert.equal((await world.request(hostname, path)).status, status), limitMs),
  }
}

/** The heading that a message ends with is one of the page that it names. */
export function withoutHelp(message: string): string {
  const [end = '', page = '', heading = ''] = / \((docs\/[a-z]+\.md)#([a-z]+)\)$/.exec(message) ?? []
  if (end === '') return message
  const text = readFileSync(join(import.meta.dirname, '../..', page), 'utf8').toLowerCase()
  assert.ok(text.includes(`\n## ${heading}\n`), `${page} has no heading ${heading}`)
  return message.slice(0, -end.length)
}

export const pathOf = (name: string): string => `/apis/networking.k8s.io/v1/namespaces/shop/ingresses/${name}`

/** A member of group `team` that serves `/<name>`. */
export const member = (
  name: string,
  annotations: Readonly<Record<string, string>> = {},
  paths: readonly string[] = [`/${name}`],
): Manifest =>
  ingress(name, {
    namespace: 'shop',
    class: 'alb',
    annotations: { 'group.name': 'team', 'target-type': 'ip', scheme: 'internet-facing', ...annotations },
    paths: paths.map((path) => ({ path, service: 'web', port: 80 })),
  })

/** Annotations without the prefix; null takes one away. */
export const annotate = (
  { world }: Shop,
  name: string,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> =>
  world.kube.patch(pathOf(name), {
    metadata: {
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [`alb.ingress.kubernetes.io/${key}`, value]),
      ),
    },
  })

/** The only warning that was not there before, once it is there and the controller is at rest. */
export async function onlyNewWarning(shop: Shop, before: readonly SeenEvent[]): Promise<SeenEvent> {
  const known = new Set(before.map(textOf))
  const look = async (): Promise<readonly SeenEvent[]> =>
    (await shop.warnings()).filter((event) => !known.has(textOf(event)))
  await eventually(async () => assert.notEqual((await look()).length, 0, 'no warning'), limitMs)
  await shop.controller.idle()
  const events = await look()
  assert.deepEqual(
    events.map(({ count }) => count),
    [1],
    events.map(textOf).join('\n'),
  )
  return events[0] as SeenEvent
}

const textOf = ({ involvedObject: { kind, name }, reason, message }: SeenEvent): string =>
  `${kind} ${name} ${reason}: ${message}`
