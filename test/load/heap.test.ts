/** 10,000 passes, one in ten of which changes something in AWS: what lives on the heap after them is what lived before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import pino from 'pino'
import { inProcess } from '../../localstack/aws/in-process.ts'
import { ingress, ingressClass, namespace, service } from '../../localstack/scenario/manifest.ts'
import { readConfig } from '../../src/config.ts'
import { start } from '../../src/start.ts'
import { createApiServer } from '../../localstack/kube/server.ts'
import { startSystemOn } from '../../localstack/scenario/system.ts'
import { timings } from '../../localstack/timing.ts'
import { eventually } from '../world.ts'

const groups = 20
const wanted = 10_000
/** The local cluster and AWS, in this process too, remember a window of the past, which is full by then. */
const warm = 2_000
const limitMs = 60_000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const heapMb = (): number => {
  collect()
  return process.memoryUsage().heapUsed / 1e6
}

test('the heap is flat over 10,000 passes', async (t) => {
  const api = createApiServer({ historySize: 500 })
  const where = { clusterName: 'demo', region: 'eu-west-1' }
  const world = await startSystemOn(api, { ...where, timing: timings.instant })
  const config = readConfig(
    [
      '--cluster-name=demo',
      '--aws-region=eu-west-1',
      `--aws-vpc-id=${world.vpcId}`,
      '--enable-leader-election=false',
    ],
    {},
  )
  assert.ok(config.ok)
  const credentials = { accessKeyId: 'CONTROLLER', secretAccessKey: 'local' }
  const aws = { requestHandler: inProcess(world.cloud.handle), credentials }
  const running = start({ config: config.value, kube: api.handle, aws, log: pino({ level: 'silent' }) })
  t.after(async () => {
    await running.stop()
    await world.stop()
  })
  const passes = (): number => Number(/^albatross_passes_total (\d+)$/m.exec(running.metrics())?.[1] ?? 0)
  const failed = (): number => Number(/^albatross_passes_failed_total (\d+)$/m.exec(running.metrics())?.[1])
  const names = Array.from({ length: groups }, (_, at) => `web-${at}`)
  await world.kube.apply(namespace('shop'), ingressClass('alb'))
  for (const name of names)
    await world.kube.apply(
      service(name, { namespace: 'shop', port: 80, targetPort: 80 }),
      ingress(name, {
        namespace: 'shop',
        class: 'alb',
        annotations: { scheme: 'internet-facing', 'target-type': 'ip' },
        paths: [{ path: '/', service: name, port: 80 }],
      }),
    )
  await eventually(() => assert.equal(world.account.rules.size >= groups, true), limitMs)

  /** Each group looked at once more; in one round of ten each is changed, too. */
  const round = async (at: number): Promise<void> => {
    const before = passes()
    for (const name of names)
      await world.kube.patch(`/api/v1/namespaces/shop/services/${name}`, {
        metadata: { annotations: { round: String(at) } },
      })
    if (at % 10 === 0)
      for (const name of names)
        await world.kube.patch(`/apis/networking.k8s.io/v1/namespaces/shop/ingresses/${name}`, {
          metadata: {
            annotations: {
              'alb.ingress.kubernetes.io/load-balancer-attributes': `idle_timeout.timeout_seconds=${60 + (at % 100)}`,
            },
          },
        })
    await eventually(() => assert.ok(passes() >= before + groups), limitMs)
    await running.idle()
  }
  const figures: { readonly passes: number; readonly mb: number }[] = []
  for (let at = 1; passes() < wanted + warm; at += 1) {
    await round(at)
    const due = warm + (figures.length * wanted) / 10
    if (passes() >= due) {
      world.cloud.journal.clear()
      figures.push({ passes: passes(), mb: heapMb() })
    }
  }
  for (const { passes: n, mb } of figures) t.diagnostic(`${n} passes: ${mb.toFixed(1)} MB live`)
  assert.equal(failed(), 0)
  const half = Math.floor(figures.length / 2)
  const lowest = (of: typeof figures): number => Math.min(...of.map(({ mb }) => mb))
  const grown = lowest(figures.slice(half)) - lowest(figures.slice(0, half))
  t.diagnostic(`the lowest of the second half is ${grown.toFixed(2)} MB above that of the first`)
  assert.ok(grown < 1, `${grown} MB more after ${wanted / 2} passes`)
})
