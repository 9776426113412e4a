/** SIGTERM in the middle of the work: the call in flight ends, none is started, the next process goes on; and none hangs beyond 10 s. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { webShop } from '../web.ts'
import { listening, type Started, startMain } from '../process.ts'
import { eventually, startTestWorld } from '../world.ts'

const limitMs = 60_000

async function world(t: TestContext) {
  const made = await startTestWorld()
  t.after(() => made.end())
  const { awsUrl, kubeconfig } = await listening(t, made)
  await made.kube.apply(...webShop(80))
  const run = (accessKeyId: string): Started =>
    startMain(t, {
      args: [
        '--cluster-name=demo',
        '--aws-region=eu-west-1',
        `--aws-vpc-id=${made.vpcId}`,
        `--kubeconfig=${kubeconfig}`,
        '--metrics-bind-addr=0',
        '--health-probe-bind-addr=0',
      ],
      env: { AWS_ENDPOINT_URL: awsUrl, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: 'local' },
    })
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
        first.told.out + first.told.error,
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
        second.told.out + second.told.error,
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
  const { child, ended, told } = run('HANGING')
  await eventually(
    () =>
      assert.ok(
        calls('HANGING').some(({ action }) => action === 'CreateTargetGroup'),
        told.out + told.error,
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
