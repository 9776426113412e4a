/** Without the sleep, exactly those pods leave requests without an answer that were told of before. */
import assert from 'node:assert/strict'
import { podsOf } from '../end-to-end/pods-fixture.ts'
import type { BindingObject } from '../end-to-end/targets-fixture.ts'
import { drain, type Node, remove } from './drain.ts'
import { type Figures, play, type Play } from './play.ts'

const shell = (seconds: number): object => ({ exec: { command: ['sh', '-c', `sleep ${seconds}`] } })
const path = { path: '/delay/12500', port: 'http' }

/** How pods of each Deployment leave; 12 s are needed. */
const kinds = {
  'web-none': { preStop: 0 },
  'web-short': { preStop: 5 },
  'web-cut': { preStop: shell(60), graceSeconds: 6 },
  'web-good': { preStop: 12 },
  'web-shell': { preStop: shell(12) },
  'web-request': { preStop: { httpGet: path } },
  'web-stay': { preStop: 12 },
  // Gone before the longest request is over that may come.
  'slow-tight': { preStop: 11 },
  'slow-stay': { preStop: 12 },
} as const
type Kind = keyof typeof kinds
const all = Object.keys(kinds) as Kind[]

export const linted = (): Promise<Figures> =>
  play(async (given) => {
    const { open, load, unanswered, figures, world } = given
    for (const name of ['web', 'slow']) await open(name, { selector: { serves: name } })
    await bringAll(given, all, 4)
    await load('web', { perSecond: 100 })
    await load('slow', { perSecond: 30, slow: 1, slowMs: 1_900 })
    const flagged = await flaggedPods(given)
    const pods = new Map(
      (await Promise.all(all.map((kind) => podsOf(world.kube, kind))))
        .flat()
        .map(({ metadata, status }) => [`${status?.podIP}:8080`, metadata.name]),
    )
    assert.deepEqual(unanswered, [])
    await bringAll(
      given,
      all.filter((kind) => !kind.endsWith('-stay')),
      0,
    )
    const made = await figures('pods leave, some without a sleep that is long enough')
    const failing = [...new Set(unanswered.map(({ target }) => pods.get(target) ?? target))].sort()
    assert.deepEqual(failing, flagged)
    return { ...made, more: `${flagged.length} pods told of, the same ${failing.length} failed requests` }
  })

const bringAll = ({ bring }: Play, some: readonly Kind[], replicas: number): Promise<unknown> =>
  Promise.all(
    some.map((kind) =>
      bring(kind, {
        replicas,
        version: 'one',
        labels: { serves: kind.split('-')[0] ?? '' },
        exits: true,
        ...kinds[kind],
      }),
    ),
  )

/** Pods of the workloads that the bindings' conditions name; as many as the metric counts. */
async function flaggedPods({ world: { kube }, controller }: Play): Promise<readonly string[]> {
  const bindings = await kube.list<BindingObject>(
    '/apis/elbv2.k8s.aws/v1beta1/namespaces/shop/targetgroupbindings',
  )
  const conditions = bindings.map(({ status }) =>
    status?.conditions?.find(({ type }) => type === 'GracefulTermination'),
  )
  const said = conditions.flatMap((one) => (one?.status === 'False' ? one.message : []))
  const workloads = said.flatMap((text) =>
    [...text.matchAll(/pods of Deployment (\S+) fail/g)].flatMap(([, name]) => name ?? []),
  )
  const pods = await Promise.all(workloads.map((name) => podsOf(kube, name)))
  const names = pods.flat().map(({ metadata }) => metadata.name)
  const counted = /^albatross_pods_leaving_too_soon (\d+)$/m.exec(controller.metrics())?.[1]
  assert.equal(counted, String(names.length))
  return names.sort()
}

/** The same for nodes: one whose pods go at once is taken away while requests are still sent to it. */
export const lintedNodes = (): Promise<Figures> =>
  play(async (given) => {
    const { open, bring, load, figures, world } = given
    await open('nodes', { targetType: 'instance' })
    await bring('nodes', { replicas: 6, version: 'one', preStop: 0 })
    await load('nodes')
    const flagged = await flaggedPods(given)
    assert.deepEqual(flagged, (await podsOf(world.kube, 'nodes')).map(({ metadata }) => metadata.name).sort())
    const [node] = await world.kube.list<Node>('/api/v1/nodes')
    assert.ok(node)
    await drain(world, node.metadata.name, ['nodes'])
    remove(world, node)
    await world.kube.remove({ kind: 'Node', metadata: { name: node.metadata.name } })
    const made = await figures('a node drained whose pods have no preStop')
    return { ...made, more: `all ${flagged.length} pods told of` }
  })
