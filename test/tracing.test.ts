// Spans of passes and AWS calls arrive at an OTLP receiver; without the variable nothing of it is loaded.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { listen } from '../localstack/aws/listen.ts'
import { freePort } from '../localstack/scenario/controller.ts'
import { webShop } from './web.ts'
import { listening, startMain } from './process.ts'
import { record } from './records.ts'
import { eventually, startTestWorld } from './world.ts'

type Attribute = { readonly key: string; readonly value: { readonly stringValue?: string } }
type Seen = {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly attributes: readonly Attribute[]
  readonly status: { readonly code: number; readonly message?: string }
}
type Sent = {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly Seen[] }[]
  }[]
}

async function receiver(t: TestContext) {
  const sent: Sent[] = []
  const server = await listen(async ({ path, body }) => {
    assert.equal(path, '/v1/traces')
    const text = Buffer.from(body).toString('utf8')
    record('objects', text)
    sent.push(JSON.parse(text) as Sent)
    return { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }
  })
  t.after(() => server.close())
  return {
    url: server.url,
    sent,
    spans: () =>
      sent.flatMap((one) => one.resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans))),
  }
}

test('passes and their AWS calls are sent to the endpoint that the environment names', async (t) => {
  const world = await startTestWorld()
  t.after(() => world.end())
  const { awsUrl, kubeconfig } = await listening(t, world)
  const { url, sent, spans } = await receiver(t)
  await world.kube.apply(...webShop(80))
  const health = await freePort()
  world.cloud.fault({ action: 'CreateRule', error: { code: 'ServiceUnavailable', status: 503 } })
  const { child, told } = startMain(t, {
    args: [
      '--cluster-name=demo',
      '--aws-region=eu-west-1',
      `--aws-vpc-id=${world.vpcId}`,
      `--kubeconfig=${kubeconfig}`,
      '--enable-leader-election=false',
      '--metrics-bind-addr=0',
      `--health-probe-bind-addr=127.0.0.1:${health}`,
    ],
    env: {
      AWS_ENDPOINT_URL: awsUrl,
      AWS_ACCESS_KEY_ID: 'CONTROLLER',
      AWS_SECRET_ACCESS_KEY: 'local',
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
    },
  })
  await eventually(() => {
    const done = world.cloud.journal
      .since()
      .some((one) => one.action === 'CreateRule' && one.error === undefined)
    assert.ok(done, told.out + told.error)
  }, 30_000)
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])

  const pass = spans().find(({ name, spanId }) => {
    const inside = spans().filter(({ parentSpanId }) => parentSpanId === spanId)
    return name === 'pass group' && inside.some((one) => one.name === 'elbv2:CreateLoadBalancer')
  })
  assert.ok(pass, JSON.stringify(spans().map(({ name }) => name)))
  assert.ok(pass.attributes.some(({ key, value }) => key === 'key' && value.stringValue === 'group:shop/web'))
  const rules = spans().filter(({ name }) => name === 'elbv2:CreateRule')
  assert.deepEqual(
    rules.map(({ status }) => status.message),
    ['ServiceUnavailable', undefined],
  )
  const resource = sent[0]?.resourceSpans[0]?.resource.attributes.map(
    ({ key, value }) => `${key}=${value.stringValue}`,
  )
  assert.ok(resource?.includes('service.name=albatross'))
  assert.ok(resource?.includes('deployment.environment=test'))
})
