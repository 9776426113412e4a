/** Two clusters fill one target group; the pods of both come and go under load. */
import assert from 'node:assert/strict'
import { createApiServer } from '../../localstack/kube/server.ts'
import { namespace, service } from '../../localstack/scenario/manifest.ts'
import { type App, app, gateOf, settledAt } from '../end-to-end/pods-fixture.ts'
import { otherController } from '../end-to-end/targets-fixture.ts'
import type { TestWorld } from '../world.ts'
import { type Figures, flags, limitMs, play } from './play.ts'

export const shared = (): Promise<Figures> =>
  play(async ({ world, open, needed, bring, load, figures }) => {
    await open('web', { annotations: { 'multi-cluster-target-group': 'true' } })
    const preStop = await needed('web')
    const web = { preStop, exits: true, maxSurge: '50%' }
    await bring('web', { ...web, replicas: 6, version: 'one' }, 'gated')
    const other = await otherCluster(world)
    try {
      await other.bring({ ...web, replicas: 3, version: 'one' })
      await load('web')
      await Promise.all([
        bring('web', { ...web, replicas: 6, version: 'two' }, 'gated'),
        other.bring({ ...web, replicas: 10, version: 'one' }),
      ])
      await Promise.all([
        bring('web', { ...web, replicas: 2, version: 'two' }, 'gated'),
        other.bring({ ...web, replicas: 3, version: 'two' }),
      ])
      const [group] = world.account.targetGroups.values()
      const there = [...(group?.targets.values() ?? [])].filter((one) => one.drainingUntil === undefined)
      assert.equal(there.length, 5)
      return await figures(`two clusters on one target group, preStop ${preStop} s`)
    } finally {
      await other.end()
    }
  })

type Binding = { readonly spec: { readonly targetGroupARN: string } }

/** With Service `web`, and a binding of its own for the target group that the first cluster made. */
async function otherCluster(world: TestWorld) {
  const api = createApiServer({})
  const cluster = await world.beside(api)
  const { kube } = cluster
  const controller = otherController(world, api.handle, flags)
  const path = '/apis/elbv2.k8s.aws/v1beta1/namespaces/shop/targetgroupbindings'
  const [binding] = await world.kube.list<Binding>(path)
  await kube.apply(namespace('shop'), service('web', { namespace: 'shop', port: 80, targetPort: 8080 }), {
    apiVersion: 'elbv2.k8s.aws/v1beta1',
    kind: 'TargetGroupBinding',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      serviceRef: { name: 'web', port: 80 },
      targetGroupARN: binding?.spec.targetGroupARN,
      multiClusterTargetGroup: true,
    },
  })
  const gate = await gateOf(kube, 'web', limitMs)
  return {
    bring: async (wanted: App): Promise<void> => {
      await kube.apply(app('web', { ...wanted, gate }))
      await settledAt(kube, 'web', wanted, limitMs)
    },
    end: async (): Promise<void> => {
      await controller.stop()
      await cluster.stop()
    },
  }
}
