/** Two clusters fill one target group: each registers and takes out its own, and no other's. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { createApiServer } from '../../localstack/kube/server.ts'
import { kubeOf } from '../../localstack/scenario/kube.ts'
import type { Manifest } from '../../localstack/scenario/manifest.ts'
import type { Running } from '../../src/start.ts'
import { eventually, startTestWorld, type TestWorld } from '../world.ts'
import {
  aService,
  binding,
  getBinding,
  hasTargets,
  otherController,
  setUp,
  slice,
  targetGroup,
  waitMs,
} from './targets-fixture.ts'

let world: TestWorld
let other: { readonly kube: TestWorld['kube']; readonly controller: Running; stop(): void }
before(async () => {
  world = await startTestWorld()
  await setUp(world.kube)
  world.controller()
  other = await otherCluster(world)
  await setUp(other.kube)
})
after(async () => {
  await other.controller.stop()
  other.stop()
  await world.end()
})

async function otherCluster(first: TestWorld): Promise<typeof other> {
  const api = createApiServer({})
  const kube = kubeOf(api.handle)
  const folder = join(import.meta.dirname, '../../crds')
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml')))
    for (const document of parseAllDocuments(readFileSync(join(folder, file), 'utf8')))
      await kube.apply(document.toJSON() as Manifest)
  return { kube, controller: otherController(first, api.handle), stop: () => api.stop() }
}

const recordOf = async (kube: TestWorld['kube']) =>
  (await kube.get<{ data: { targets: string } }>('/api/v1/namespaces/hand/configmaps/aws-lbc-targets-web'))
    ?.data.targets

test('each cluster’s targets come and go alone', async () => {
  const arn = await targetGroup(world, 'shared')
  const shared = binding('web', 'web', { targetGroupARN: arn, multiClusterTargetGroup: true })
  await world.kube.apply(aService('web'), slice('web', ['192.168.1.1', '192.168.1.2']), shared)
  await hasTargets(world, arn, '192.168.1.1:8080', '192.168.1.2:8080')
  await other.kube.apply(aService('web'), slice('web', ['192.168.2.1']), shared)
  await hasTargets(world, arn, '192.168.1.1:8080', '192.168.1.2:8080', '192.168.2.1:8080')
  assert.deepEqual(
    [await recordOf(world.kube), await recordOf(other.kube)],
    ['192.168.1.1:8080,192.168.1.2:8080', '192.168.2.1:8080'],
  )
  await world.kube.apply(slice('web', ['192.168.1.2', '192.168.1.3']))
  await hasTargets(world, arn, '192.168.1.2:8080', '192.168.1.3:8080', '192.168.2.1:8080')
  await other.kube.apply(slice('web', []))
  await hasTargets(world, arn, '192.168.1.2:8080', '192.168.1.3:8080')
  await other.kube.apply(slice('web', ['192.168.2.9']))
  await hasTargets(world, arn, '192.168.1.2:8080', '192.168.1.3:8080', '192.168.2.9:8080')
  await world.kube.remove(shared)
  await hasTargets(world, arn, '192.168.2.9:8080')
  await eventually(async () => {
    assert.equal(await getBinding(world, 'web'), undefined)
    assert.equal(await recordOf(world.kube), undefined)
  }, waitMs)
})
