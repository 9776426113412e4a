/** A node is drained and taken away under load, as the cluster autoscaler does it: for pods as targets, and for nodes. */
import assert from 'node:assert/strict'
import { podsOf, type SeenPod } from '../end-to-end/pods-fixture.ts'
import { eventually, type TestWorld } from '../world.ts'
import { type Figures, limitMs, play } from './play.ts'

export type Node = {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly providerID: string }
}

export const drained = (): Promise<Figures> =>
  play(async ({ world, open, needed, bring, load, figures }) => {
    await open('web')
    await open('nodes', { targetType: 'instance' })
    const preStop = Math.max(await needed('web'), await needed('nodes'))
    const app = { replicas: 6, version: 'one', preStop }
    await Promise.all([bring('web', { ...app, exits: true }, 'gated'), bring('nodes', app)])
    await load('web')
    await load('nodes')
    const [node] = await world.kube.list<Node>('/api/v1/nodes')
    assert.ok(node)
    const moved = await drain(world, node.metadata.name, ['web', 'nodes'])
    assert.ok(moved.web > 0 && moved.nodes > 0, 'nothing ran on the node')
    remove(world, node)
    await world.kube.remove({ kind: 'Node', metadata: { name: node.metadata.name } })
    return await figures(
      `a node drained and removed, targets ip and instance, preStop ${preStop} s`,
      `${moved.web} and ${moved.nodes} pods moved`,
    )
  })

/** Taints, deletes the pods, and waits until they have gone and others are ready elsewhere. */
export async function drain<Name extends string>(
  { kube }: TestWorld,
  node: string,
  apps: readonly Name[],
): Promise<Readonly<Record<Name, number>>> {
  const taints = [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }]
  await kube.patch(`/api/v1/nodes/${node}`, { spec: { unschedulable: true, taints } })
  const moved = {} as Record<Name, number>
  const on = async (name: Name): Promise<readonly SeenPod[]> =>
    (await podsOf(kube, name)).filter(({ spec }) => spec.nodeName === node)
  for (const name of apps) {
    const pods = await on(name)
    moved[name] = pods.length
    for (const { metadata } of pods)
      await kube.remove({ kind: 'Pod', metadata: { namespace: 'shop', name: metadata.name } })
  }
  for (const name of apps)
    await eventually(async () => assert.deepEqual(await on(name), [], `${name} is still there`), limitMs)
  return moved
}

/** The instance is terminated: nothing answers there any more. */
export function remove({ account }: TestWorld, { spec }: Node): void {
  const id = spec.providerID.split('/').at(-1) ?? ''
  const instance = account.instances.get(id)
  if (instance) account.instances.set(id, { ...instance, State: { Code: 48, Name: 'terminated' } })
  account.changed()
}
