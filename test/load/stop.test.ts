/** SIGTERM in the middle of the work: the call in flight ends, none is started, the next process goes on; and none hangs beyond 10 s. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { listen } from '../../localstack/aws/listen.ts'
import { listenKube, writeKubeconfig } from '../../localstack/kube/listen.ts'
import { ingress, ingressClass, namespace, service } from '../../localstack/scenario/manifest.ts'
import { record } from '../records.ts'
import { eventually, startTestWorld } from '../world.ts'

const limitMs = 60_000

async function world(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'albatross-stop-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const made = await startTestWorld()
  t.after(() => made.end())
  const [aws, kube] = [await listen(made.cloud.handle), await listenKube(made.api.handle)]
  t.after(() => aws.close())
  t.after(() => kube.close())
  const kubeconfig = join(folder, 'config')
  writeKubeconfig(kubeconfig, kube.url)
  await made.kube.apply(
    namespace('shop'),
    ingressClass('alb'),
    service('web', { namespace: 'shop', port: 80, targetPort: 80 }),
    ingress('web', {
      namespace: 'shop',
      class: 'alb',
      annotations: { scheme: 'internet-facing', 'target-type': 'ip' },
      paths: [{ path: '/', service: 'web', port: 80 }],
    }),
  )
  const run = (accessKeyId: string) => {
    const child = spawn(
      process.execPath,
      [
        '--import',
        join(import.meta.dirname, '../../localstack/scenario/guard.ts'),
        join(import.meta.dirname, '../../src/main.ts'),
        '--cluster-name=demo',
        '--aws-region=eu-west-1',
        `--aws-vpc-id=${made.vpcId}`,
        `--kubeconfig=${kubeconfig}`,
        '--metrics-bind-addr=0',
        '--health-probe-bind-addr=0',
      ],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: {
          PATH: process.env['PATH'] ?? '',
          AWS_ENDPOINT_URL: aws.url,
          AWS_ACCESS_KEY_ID: accessKeyId,
          AWS_SECRET_ACCESS_KEY: 'local',
        },
      },
    )
    t.after(() => child.kill('SIGKILL'))
    let log = ''
    child.stdout.on('data', (data) => (log += String(data)))
    child.stderr.on('data', (data) => (log += String(data)))
    const ended = once(child, 'close').then(([code]) => {
      record('log', log)
      return code as number
    })
    return { child, ended, log: () => log }
  }
  const calls = (accessKeyId: string) =>
    made.cloud.journal.since().filter(({ accessKey, write }) => write && accessKey === accessKeyId)
  return { made, run, calls }
}

test('a stop while a load balancer is being made: it is made once, and the next process goes on', async (t) => {
  const { made, run, calls } = await world(t)
  // A fault is told of when it begins: the journal only knows calls that ended.
  made.cloud.fault({ action: 'CreateLoadBalancer', delayMs: 2_500 })
  const first = run('FIRST')
  await eventually(
    () =>
      assert.ok(
        calls('FIRST').some(({ action }) => action === 'CreateTargetGroup'),
        first.log(),
      ),
    limitMs,
  )
  await new Promise((resolve) => setTimeout(resolve, 300))
  const stoppedAt = performance.now()
  first.child.kill('SIGTERM')
  assert.equal(await first.ended, 0)
  const took = performance.now() - stoppedAt
  t.diagnostic(`ended after ${Math.round(took)} ms`)
  assert.ok(took < 10_000, `${took} ms`)
  assert.equal(made.account.loadBalancers.size, 1, 'the call in flight ended')
  assert.deepEqual([...made.account.listeners.values()], [], 'none was started after it')
  const second = run('SECOND')
  await eventually(
    () =>
      assert.ok(
        calls('SECOND').some(({ action }) => action === 'CreateRule'),
        second.log(),
      ),
    limitMs,
  )
  assert.equal(made.account.loadBalancers.size, 1)
  assert.deepEqual(
    calls('SECOND').filter(({ action }) => action === 'CreateLoadBalancer'),
    [],
  )
  second.child.kill('SIGTERM')
  assert.equal(await second.ended, 0)
})

test('a stop while AWS does not answer at all', async (t) => {
  const { made, run, calls } = await world(t)
  made.cloud.fault({ action: 'CreateLoadBalancer', error: 'timeout', times: 10 })
  const { child, ended, log } = run('HANGING')
  await eventually(
    () =>
      assert.ok(
        calls('HANGING').some(({ action }) => action === 'CreateTargetGroup'),
        log(),
      ),
    limitMs,
  )
  await new Promise((resolve) => setTimeout(resolve, 300))
  const stoppedAt = performance.now()
  child.kill('SIGTERM')
  assert.equal(await ended, 0)
  const took = performance.now() - stoppedAt
  t.diagnostic(`ended after ${Math.round(took)} ms`)
  assert.ok(took < 10_000, `${took} ms`)
})
