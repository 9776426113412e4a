/** What the plays have in common: a world that takes AWS's time, constant load, and the sleep that the controller asks for. */
import assert from 'node:assert/strict'
import type { Failure } from '../../localstack/alb/upstream.ts'
import { type Load, startLoad } from '../../localstack/scenario/load.ts'
import { ingress, ingressClass, namespace, service } from '../../localstack/scenario/manifest.ts'
import { timings } from '../../localstack/timing.ts'
import type { Running } from '../../src/start.ts'
import { type App, app, gateOf, hostnameOf, settledAt } from '../end-to-end/pods-fixture.ts'
import { eventually, startTestWorld, type TestWorld } from '../world.ts'

export const limitMs = 240_000
/** A change of targets takes 10 s to arrive, whatever else; calls are throttled as AWS does. */
const timing = {
  ...timings.aws,
  propagationMs: 10_000,
  loadBalancerActiveMs: 0,
  networkInterfaceLingerMs: 0,
  targetGroupInUseLagMs: 0,
  podStartMs: 500,
  // Many on one machine: a slow answer is no sick target.
  healthCheckScale: 0.2,
  healthCheckTimeoutFloorMs: 5_000,
}
/** What the controller is told of that. */
export const flags = ['--deregistration-propagation=10s', '--longest-request=2s']
/** How long each fifth request takes. */
const usualMs = 1_000

export type Figures = {
  readonly what: string
  readonly requests: number
  /** When, and what came in place of the answer. */
  readonly failures: readonly string[]
  readonly seconds: number
  readonly more: string
}
export type Play = {
  readonly world: TestWorld
  readonly controller: Running
  /** Requests that a target left without an answer. */
  readonly unanswered: readonly Failure[]
  /** A Service, and an Ingress that sends `/<name>` there. */
  readonly open: (name: string, more?: Opened) => Promise<void>
  /** Seconds that pods of a Service must sleep, as the event says that pods without it get. */
  readonly needed: (name: string) => Promise<number>
  readonly bring: (name: string, wanted: Omit<App, 'gate'>, gated?: 'gated') => Promise<void>
  /** Load on the Service until the end: answers of its own pods are right, and no others. */
  readonly load: (name: string, more?: LoadOptions) => Promise<void>
  /** Calls of the controller since the play began. */
  readonly calls: (action: string) => number
  /** Once all is over; that something failed is for the caller to judge. */
  readonly figures: (what: string, more?: string) => Promise<Figures>
}
type LoadOptions = {
  readonly perSecond?: number
  /** How much of it is slow, and how slow. */
  readonly slow?: number
  readonly slowMs?: number
}
type Opened = {
  /** Labels of its pods, in place of the name. */
  readonly selector?: Readonly<Record<string, string>>
  readonly targetType?: 'ip' | 'instance'
  readonly annotations?: Readonly<Record<string, string>>
}

const propagated = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, timing.propagationMs + 2 * usualMs))

/** Plays it in a world of its own. */
export async function play<T>(does: (play: Play) => Promise<T>): Promise<T> {
  const unanswered: Failure[] = []
  const world = await startTestWorld(timing, {
    // Ports of its own, so that no pod of another play answers in the place of one that has ended.
    addresses: 'single',
    onlookers: ['123456789012'],
    onFailure: (failure) => unanswered.push(failure),
  })
  const controller = world.controller(flags)
  await world.kube.apply(namespace('shop'), ingressClass('alb'))
  const loads: Load[] = []
  try {
    return await does(playOn(world, controller, { unanswered, loads }))
  } finally {
    await Promise.all(loads.map((load) => load.stop()))
    await world.end()
  }
}

type Kept = { readonly unanswered: readonly Failure[]; readonly loads: Load[] }

function playOn(world: TestWorld, controller: Running, { unanswered, loads }: Kept): Play {
  const { kube } = world
  const beganAt = performance.now()
  const bring: Play['bring'] = async (name, wanted, gated) => {
    const gate = gated && (await gateOf(kube, name, limitMs))
    await kube.apply(app(name, { ...wanted, gate }))
    await settledAt(kube, name, wanted, limitMs)
  }
  return {
    world,
    controller,
    unanswered,
    bring,
    open: async (name, { targetType = 'ip', annotations = {}, selector = { app: name } } = {}) => {
      const type = targetType === 'ip' ? 'ClusterIP' : 'NodePort'
      const made = service(name, { namespace: 'shop', port: 80, targetPort: 8080, type })
      await kube.apply(
        { ...made, spec: { ...(made.spec as object), selector } },
        ingress(name, {
          namespace: 'shop',
          class: 'alb',
          annotations: {
            scheme: 'internet-facing',
            'group.name': 'play',
            'target-type': targetType,
            ...annotations,
          },
          paths: [{ path: `/${name}`, service: name, port: 80 }],
        }),
      )
    },
    needed: async (name) => {
      await bring(name, { replicas: 1, version: 'without', preStop: 0 })
      return await eventually(async () => {
        type Seen = { reason: string; message: string; involvedObject: { kind: string; name: string } }
        const all = await kube.list<Seen>('/api/v1/namespaces/shop/events')
        const found = all.find(
          ({ reason, involvedObject: { kind, name: on } }) =>
            reason === 'PreStopTooShort' && kind === 'Service' && on === name,
        )
        const seconds = /sleep in lifecycle\.preStop for (\d+) s/.exec(found?.message ?? '')?.[1]
        assert.ok(seconds, `no event says how long pods of ${name} should sleep`)
        return Number(seconds)
      }, limitMs)
    },
    load: async (name, { perSecond = 60, slow = 0.2, slowMs = usualMs } = {}) => {
      const host = await hostnameOf(world, name, `/${name}`, limitMs)
      // Pods from which the sleep was learnt had none.
      await propagated()
      const address = world.addressOf(host, 80)
      const expect = (status: number, headers: Readonly<Record<string, unknown>>): boolean =>
        status === 200 && String(headers['x-pod']).startsWith(name)
      for (const [path, share] of [
        [`/${name}`, 1 - slow],
        [`/${name}/delay/${slowMs}`, slow],
      ] as const)
        if (share > 0) loads.push(startLoad({ address, host, path, perSecond: perSecond * share, expect }))
    },
    calls: (action) =>
      world.cloud.journal
        .since()
        .filter((entry) => entry.accessKey === 'CONTROLLER' && entry.action === action).length,
    figures: async (what, more = '') => {
      await propagated()
      const seconds = (performance.now() - beganAt) / 1000
      const requests = loads.reduce((sum, { sent }) => sum + sent, 0)
      const failures = loads.flatMap(({ failures: some }) => some)
      return { what, requests, failures, seconds, more }
    },
  }
}
