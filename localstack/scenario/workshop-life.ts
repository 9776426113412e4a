/** The workshop's lines 7 to 9: quiet when nothing changes, a restart that writes nothing, and an end that leaves nothing. */
import { DescribeTargetGroupsCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { difference, expect, expectEqual } from './check.ts'
import { targetsOf } from './look.ts'
import type { Manifest } from './manifest.ts'
import type { JournalEntry } from './scenario.ts'
import type { Stage } from './stage.ts'

type Pod = { readonly metadata: { readonly name: string }; readonly status?: { readonly podIP?: string } }

const quietMs = 1200
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Line 7, second half: a pod is replaced, and a pass that has nothing to change calls nobody. */
export async function settled({ world, checks, load }: Stage): Promise<void> {
  const frontends = async (): Promise<readonly Pod[]> =>
    (await world.kube.list<Pod>('/api/v1/namespaces/workshop/pods?labelSelector=app%3Dfrontend')).filter(
      ({ status }) => status?.podIP !== undefined,
    )
  const victim = (await frontends())[0]
  await world.kube.remove({
    kind: 'Pod',
    metadata: { namespace: 'workshop', name: victim?.metadata.name ?? '' },
  })
  await checks.until(
    'a deleted pod is replaced: its address goes, the new one is healthy',
    async () => {
      const pods = await frontends()
      const { TargetGroups } = await world.elbv2.send(new DescribeTargetGroupsCommand({}))
      const arn =
        TargetGroups?.find(({ TargetGroupName }) => TargetGroupName?.startsWith('k8s-workshop-frontend-'))
          ?.TargetGroupArn ?? ''
      const healthy = (await targetsOf(world, arn)).filter((target) => target.endsWith(' healthy'))
      expect(!pods.some(({ metadata }) => metadata.name === victim?.metadata.name), 'the pod is still there')
      expectEqual(
        healthy,
        pods.map(({ status }) => `${status?.podIP}:9000 healthy`).sort(),
        'the healthy targets',
      )
    },
    { withinMs: 15_000 },
  )
  await checks.until(
    'no request failed while it was replaced',
    () => {
      expect(
        load.failures.length === 0,
        `${load.failures.length} failed: ${load.failures.slice(0, 5).join(', ')}`,
      )
      return `${load.sent} sent so far`
    },
    { withinMs: 0 },
  )
  await checks.until(
    'a pass that changes nothing makes 0 AWS calls',
    async () => {
      const since = (await world.journal()).at(-1)?.n ?? 0
      // A label makes the controller look at the group again, and changes nothing that it serves.
      await world.kube.patch('/apis/networking.k8s.io/v1/namespaces/workshop/ingresses/workshopingress', {
        metadata: { annotations: { 'example.com/touched': String(Date.now()) } },
      })
      await pause(quietMs)
      const calls = await world.journal(since)
      expect(calls.length === 0, `it called ${calls.map(({ action }) => action).join(', ')}`)
      return `${quietMs} ms after an annotation was touched`
    },
    { withinMs: 15_000 },
  )
}

/** Line 8. */
export async function restarted({ world, checks, show }: Stage): Promise<void> {
  await world.controller.kill()
  const since = (await world.journal()).at(-1)?.n ?? 0
  const { readyMs } = await world.controller.start()
  show.note(`  killed, restarted, ready in ${readyMs} ms`)
  await checks.until(
    'after kill -9 and a restart: no write, and nothing read twice',
    async () => {
      await pause(quietMs)
      const calls = await world.journal(since)
      const writes = calls.filter(({ write }) => write)
      expect(writes.length === 0, `it wrote ${writes.map(({ action }) => action).join(', ')}`)
      const late = calls.filter(({ purpose }) => purpose !== 'sweep')
      expect(
        late.length === 0,
        `beyond the sweep it read ${late.map(({ action, purpose }) => `${action} (${purpose})`).join(', ')}`,
      )
      const twice = repeated(calls)
      expect(twice.length === 0, `it read twice: ${twice.join(', ')}`)
      expect(calls.length > 0, 'it has read nothing yet')
      return `0 writes, ${calls.length} reads of one sweep: ${counted(calls)}`
    },
    { withinMs: 15_000 },
  )
  const memory = world.controller.residentMiB()
  if (memory !== undefined) show.note(`  controller: ${memory} MiB resident`)
}

const repeated = (calls: readonly JournalEntry[]): readonly string[] => {
  const seen = calls.map(({ action, input }) => `${action} ${JSON.stringify(input)}`)
  return seen.filter((call, i) => seen.indexOf(call) !== i)
}
function counted(calls: readonly JournalEntry[]): string {
  const counts = new Map<string, number>()
  for (const { action } of calls) counts.set(action, (counts.get(action) ?? 0) + 1)
  return [...counts].map(([action, n]) => `${n} ${action}`).join(', ')
}

/** Line 9. */
export async function left(
  { world, checks, load, show }: Stage,
  given: { readonly before: string; readonly all: readonly Manifest[] },
): Promise<void> {
  await load.stop()
  show.note(`  load: ${load.sent} requests, ${load.failures.length} failed`)
  expect(load.failures.length === 0, load.failures.slice(0, 5).join(', '))
  await world.kube.remove(...given.all)
  await checks.until(
    'every Ingress is gone: no finalizer holds one',
    async () => {
      const ingresses = await world.kube.list<Manifest>('/apis/networking.k8s.io/v1/ingresses')
      expect(
        ingresses.length === 0,
        `still there: ${ingresses.map(({ metadata }) => metadata.name).join(', ')}`,
      )
    },
    { withinMs: 20_000 },
  )
  await checks.until(
    'after the last finalizer the account is, byte for byte, what it was',
    async () => {
      const after = await world.state()
      expect(after === given.before, difference(given.before, after))
      return `${after.length} bytes`
    },
    // Within 10 s, but where the restart came so soon before that not every binding had been looked at.
    { withinMs: world.patienceMs },
  )
}
