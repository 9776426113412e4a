import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import {
  CreateRuleCommand,
  DeleteRuleCommand,
  DescribeLoadBalancersCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { DescribeVpcsCommand } from '@aws-sdk/client-ec2'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import FakeTimers from '@sinonjs/fake-timers'
import { type Aws, createAws } from '../../src/aws/client.ts'
import { calls, clientOf, createWorld, options, silent } from './world.ts'

const read = new DescribeLoadBalancersCommand({})
const write = () =>
  new DeleteRuleCommand({ RuleArn: 'arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/a/1/2/3' })

/** A client whose wire is this function. */
const over = (answer: () => Promise<unknown>, log = silent): Aws =>
  createAws({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    requestHandler: { metadata: { handlerProtocol: 'http/1.1' }, handle: answer } as never,
    log: log as never,
    version: '1.2.3',
  })
const errorAnswer =
  (status: number, code: string, message = 'no') =>
  async () => ({
    response: {
      statusCode: status,
      headers: { 'content-type': 'text/xml', 'x-amzn-requestid': 'r-1' },
      body: Buffer.from(
        `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`,
      ),
    },
  })

test('every call says what it is for, and is counted by that', async () => {
  const { cloud, aws } = createWorld()
  await aws.send(read, { ...options, purpose: 'sweep' })
  await aws.send(new DescribeVpcsCommand({}), { ...options, purpose: 'facts' })
  await aws.send(new GetCallerIdentityCommand({}), { ...options, purpose: 'health' })
  assert.deepEqual(
    cloud.journal.since(0).map(({ purpose, action }) => [purpose, action]),
    [
      ['sweep', 'DescribeLoadBalancers'],
      ['facts', 'DescribeVpcs'],
      ['health', 'GetCallerIdentity'],
    ],
  )
  assert.match(cloud.journal.since(0)[0]?.userAgent ?? '', /^albatross\/0\.0\.0 purpose\/sweep aws-sdk-js/)
  assert.deepEqual(
    aws.counts().map(({ purpose, action, calls: n, errors }) => [purpose, action, n, errors]),
    [
      ['sweep', 'elbv2:DescribeLoadBalancers', 1, 0],
      ['facts', 'ec2:DescribeVpcs', 1, 0],
      ['health', 'sts:GetCallerIdentity', 1, 0],
    ],
  )
})

test('a read is tried again after a throttle, a broken connection and a 5xx; three times at most', async () => {
  for (const error of [{ code: 'Throttling' }, 'reset', { code: 'InternalFailure', status: 500 }] as const) {
    const { cloud } = createWorld()
    const aws = clientOf(cloud)
    cloud.fault({ action: 'DescribeLoadBalancers', error, times: 2 })
    assert.ok((await aws.send(read, options)).ok)
    cloud.fault({ action: 'DescribeLoadBalancers', error, times: 9 })
    const since = cloud.journal.since(0).at(-1)?.n ?? 0
    const refused = await aws.send(read, options)
    assert.ok(!refused.ok)
    assert.equal(
      refused.error.kind,
      typeof error === 'object' && error.code === 'Throttling' ? 'throttled' : 'unavailable',
    )
    assert.equal(calls(cloud, since).length, 3)
  }
})

test('a write whose outcome is unknown is never sent twice', async () => {
  for (const error of ['reset', { code: 'InternalFailure', status: 500 }] as const) {
    const { cloud, aws } = createWorld()
    cloud.fault({ action: 'DeleteRule', error, times: 9 })
    const refused = await aws.send(write(), options)
    assert.ok(!refused.ok)
    assert.equal(refused.error.kind, 'unknown')
    assert.equal(refused.error.call, 'elbv2:DeleteRule')
    assert.equal(calls(cloud).length, 1)
  }
})

test('no request leaves once leadership is over, even if its turn, its credentials or its retry came too late', async () => {
  let leads = true
  let left = 0
  const started = Promise.withResolvers<void>()
  const credentials = Promise.withResolvers<{ accessKeyId: string; secretAccessKey: string }>()
  const aws = createAws({
    region: 'eu-west-1',
    credentials: (() => {
      started.resolve()
      return credentials.promise
    }) as never,
    requestHandler: {
      metadata: { handlerProtocol: 'http/1.1' },
      handle: () => {
        left += 1
        leads = false
        return Promise.reject(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
      },
    } as never,
    log: silent as never,
    version: '1.2.3',
    mayCall: () => leads,
  })
  const waiting = aws.send(write(), options)
  await started.promise
  leads = false
  credentials.resolve({ accessKeyId: 'a', secretAccessKey: 'b' })
  const late = await waiting
  assert.ok(!late.ok)
  assert.deepEqual([late.error.kind, late.error.code, left], ['unavailable', 'NotLeader', 0])
  const next = await aws.send(read, options)
  assert.ok(!next.ok && next.error.code === 'NotLeader')
  assert.equal(left, 0)
  leads = true
  assert.ok(!(await aws.send(read, options)).ok)
  assert.equal(left, 1, 'the retry is not sent')
})

test('a call ends by its limit, although nothing answers', async () => {
  const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const aws = createAws({
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      requestHandler: {
        metadata: { handlerProtocol: 'http/1.1' },
        handle: () => new Promise(() => undefined),
      } as never,
      log: silent as never,
      version: '1.2.3',
      callTimeoutMs: 4_500,
    })
    const sent = aws.send(write(), options)
    let ended = false
    void sent.then(() => {
      ended = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    await clock.tickAsync(4_400)
    assert.equal(ended, false)
    await clock.tickAsync(200)
    const refused = await sent
    assert.ok(!refused.ok && refused.error.kind === 'unknown')
  } finally {
    clock.uninstall()
  }
})

test('a write that was throttled is not repeated at once, and the bucket learns', async () => {
  const { cloud } = createWorld()
  const aws = clientOf(cloud, 0.9)
  cloud.fault({ action: 'DeleteRule', error: { code: 'ThrottlingException', message: 'Rate exceeded' } })
  const refused = await aws.send(write(), options)
  assert.ok(!refused.ok && refused.error.kind === 'throttled')
  assert.equal(calls(cloud).length, 1)
  assert.ok(aws.readyIn('elbv2:DeleteRule') > 500)
  assert.equal(aws.counts()[0]?.throttled, 1)
})

test('a denial names the permission that is missing', async () => {
  const aws = over(
    errorAnswer(
      403,
      'AccessDenied',
      'User: arn:aws:iam::1:user/u is not authorized to perform: elasticloadbalancing:DescribeLoadBalancers because no identity-based policy allows it',
    ),
  )
  const refused = await aws.send(read, options)
  assert.deepEqual(refused, {
    ok: false,
    error: {
      kind: 'denied',
      call: 'elbv2:DescribeLoadBalancers',
      code: 'AccessDenied',
      message:
        'User: arn:aws:iam::1:user/u is not authorized to perform: elasticloadbalancing:DescribeLoadBalancers because no identity-based policy allows it',
      permission: 'elasticloadbalancing:DescribeLoadBalancers',
      requestId: 'r-1',
    },
  })
})

test('codes of AWS become kinds, with and without the Exception suffix', async () => {
  const table: [string, number, string][] = [
    ['RuleNotFound', 400, 'notFound'],
    ['PriorityInUse', 400, 'exists'],
    ['ResourceInUse', 400, 'inUse'],
    ['TooManyRules', 400, 'quota'],
    ['ValidationError', 400, 'invalid'],
    ['RequestLimitExceeded', 503, 'throttled'],
    ['PriorRequestNotComplete', 429, 'throttled'],
    ['ExpiredToken', 403, 'denied'],
    ['ServiceUnavailable', 503, 'unknown'],
  ]
  for (const [code, status, kind] of table) {
    const refused = await over(errorAnswer(status, code)).send(write(), options)
    assert.ok(!refused.ok)
    assert.equal(refused.error.kind, kind, code)
  }
})

test('a handler that never settles is given up, and a write is then in doubt', async () => {
  const clock = FakeTimers.install({ toNotFake: ['nextTick', 'queueMicrotask'] })
  try {
    const aws = over(() => new Promise(() => {}))
    const sent = aws.send(write(), options)
    await clock.tickAsync(18_100)
    const refused = await sent
    assert.ok(!refused.ok && refused.error.kind === 'unknown')
  } finally {
    clock.uninstall()
  }
})

test('over a socket: nobody listens, nobody answers', async () => {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const before = process.env['AWS_ENDPOINT_URL']
  process.env['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${port}`
  const settings = {
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    log: silent,
    version: '0',
  }
  try {
    const aws = createAws(settings)
    const stop = new AbortController()
    const hanging = aws.send(write(), { ...options, signal: stop.signal })
    setTimeout(() => stop.abort(), 100)
    const aborted = await hanging
    assert.ok(!aborted.ok && aborted.error.kind === 'unknown')
    aws.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    const alone = createAws(settings)
    const refused = await alone.send(write(), options)
    assert.ok(!refused.ok)
    assert.deepEqual([refused.error.kind, refused.error.code], ['unavailable', 'ECONNREFUSED'])
    alone.close()
  } finally {
    server.closeAllConnections()
    server.close()
    if (before === undefined) delete process.env['AWS_ENDPOINT_URL']
    else process.env['AWS_ENDPOINT_URL'] = before
  }
})

test('one line of log for a write, none for a read, and no secret in it', async () => {
  const lines: unknown[] = []
  const log = { info: (...line: unknown[]) => lines.push(line), debug: () => {}, warn: () => {} }
  const body = (name: string) =>
    Buffer.from(
      `<${name}Response xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><${name}Result/><ResponseMetadata><RequestId>r-7</RequestId></ResponseMetadata></${name}Response>`,
    )
  const answer = (name: string) => async () => ({
    response: { statusCode: 200, headers: { 'x-amzn-requestid': 'r-7' }, body: body(name) },
  })
  await over(answer('DescribeLoadBalancers'), log as never).send(read, options)
  assert.deepEqual(lines, [])
  const create = new CreateRuleCommand({
    ListenerArn: 'l',
    Priority: 1,
    Conditions: [],
    Actions: [
      {
        Type: 'authenticate-oidc',
        AuthenticateOidcConfig: {
          Issuer: 'i',
          AuthorizationEndpoint: 'a',
          TokenEndpoint: 't',
          UserInfoEndpoint: 'u',
          ClientId: 'c',
          ClientSecret: 'hush',
        },
      },
    ],
  })
  await over(answer('CreateRule'), log as never).send(create, { ...options, group: 'shop' })
  assert.equal(lines.length, 1)
  assert.match(JSON.stringify(lines), /"group":"shop","call":"elbv2:CreateRule","ms":\d+.*"requestId":"r-7"/)
  assert.doesNotMatch(JSON.stringify(lines), /hush/)
})
