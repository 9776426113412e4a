/** The local AWS as a whole: accounts, journal, state, throttling, faults, sockets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as acm from '@aws-sdk/client-acm'
import * as ec2 from '@aws-sdk/client-ec2'
import * as elbv2 from '@aws-sdk/client-elastic-load-balancing-v2'
import * as sts from '@aws-sdk/client-sts'
import { createCloud, type Cloud } from '../../../localstack/aws/cloud.ts'
import { listen } from '../../../localstack/aws/listen.ts'
import type { JournalEntry } from '../../../localstack/aws/journal.ts'
import { seedVpc } from '../../../localstack/aws/seed.ts'
import { timings } from '../../../localstack/timing.ts'
import { clientsFor, codeOf } from './clients.ts'

const region = 'eu-west-1'
const id = '123456789012'

function seeded(options: Partial<Parameters<typeof createCloud>[0]> = {}): Cloud {
  const cloud = createCloud({
    timing: timings.instant,
    seed: (account) => {
      seedVpc(account, { clusterName: 'workshop' })
    },
    ...options,
  })
  cloud.account(id, region)
  return cloud
}
const group = (cloud: Cloud, GroupName: string) =>
  new ec2.CreateSecurityGroupCommand({
    GroupName,
    Description: 'a group',
    VpcId: [...cloud.account(id, region).vpcs.keys()][0]!,
    TagSpecifications: [
      {
        ResourceType: 'security-group',
        Tags: [
          { Key: 'z', Value: '1' },
          { Key: 'a', Value: '2' },
        ],
      },
    ],
  })
async function local(cloud: Cloud, method: string, path: string, body: unknown = ''): Promise<unknown> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const answer = await cloud.handle({ method, path: `/_local/${path}`, headers: {}, body: text })
  const shown = answer.body as string
  assert.equal(answer.status, 200, shown)
  return JSON.parse(shown)
}

test('accounts come from the access key and regions from the scope', async () => {
  const cloud = seeded()
  for (const [account, expected] of [
    ['210987654321', '210987654321'],
    ['AKIAIOSFODNN7EXAMPLE', id],
    ['ASIA111122223333ABCD', '111122223333'],
  ] as const) {
    const who = await clientsFor(cloud.handle, { account }).sts.send(new sts.GetCallerIdentityCommand({}))
    assert.equal(who.Account, expected)
  }
  await clientsFor(cloud.handle, { region: 'us-east-1' }).ec2.send(new ec2.DescribeVpcsCommand({}))
  const names = cloud.accounts().map((account) => `${account.id}/${account.region}`)
  assert.ok(names.includes(`${id}/us-east-1`))
})

test('a web identity is exchanged without a signature, for the account of its role', async () => {
  const cloud = seeded()
  const clients = clientsFor(cloud.handle)
  const token = `e30.${Buffer.from('{"exp":4102444800}').toString('base64url')}.signed`
  const { Credentials, AssumedRoleUser } = await clients.sts.send(
    new sts.AssumeRoleWithWebIdentityCommand({
      RoleArn: 'arn:aws:iam::444455556666:role/alb',
      RoleSessionName: 'pod',
      WebIdentityToken: token,
    }),
  )
  assert.equal(AssumedRoleUser?.Arn, 'arn:aws:sts::444455556666:assumed-role/alb/pod')
  const next = clientsFor(cloud.handle, { account: Credentials?.AccessKeyId ?? '' })
  assert.equal((await next.sts.send(new sts.GetCallerIdentityCommand({}))).Account, '444455556666')
  assert.ok(!JSON.stringify(cloud.journal.since()).includes(token))
})

test('the journal tells every call, refusals too', async () => {
  const cloud = seeded({ now: () => 42 })
  const { ec2: client, elbv2: elb } = clientsFor(cloud.handle, { userAgent: 'purpose/reconcile' })
  await client.send(new ec2.DescribeVpcsCommand({}))
  const made = await client.send(group(cloud, 'alb'))
  await codeOf(client.send(group(cloud, 'alb')))
  await codeOf(elb.send(new elbv2.CreateRuleCommand({} as never)))
  const entries = (await local(cloud, 'GET', 'journal')) as JournalEntry[]
  assert.deepEqual(
    entries.map(({ n, at, service, action, write, status, error, purpose }) => [
      n,
      at,
      service,
      action,
      write,
      status,
      error,
      purpose,
    ]),
    [
      [1, 42, 'ec2', 'DescribeVpcs', false, 200, undefined, 'reconcile'],
      [2, 42, 'ec2', 'CreateSecurityGroup', true, 200, undefined, 'reconcile'],
      [3, 42, 'ec2', 'CreateSecurityGroup', true, 400, 'InvalidGroup.Duplicate', 'reconcile'],
      [4, 42, 'elasticloadbalancing', 'CreateRule', true, 400, 'ValidationError', 'reconcile'],
    ],
  )
  assert.equal((entries[1]!.output as ec2.CreateSecurityGroupCommandOutput).GroupId, made.GroupId)
  assert.deepEqual([entries[1]!.account, entries[1]!.region, entries[1]!.accessKey], [id, region, id])
  assert.deepEqual(
    ((await local(cloud, 'GET', 'journal?since=3')) as JournalEntry[]).map(({ n }) => n),
    [4],
  )
  await local(cloud, 'POST', 'journal/clear')
  assert.deepEqual(await local(cloud, 'GET', 'journal'), [])
  await client.send(new ec2.DescribeVpcsCommand({}))
  assert.equal(cloud.journal.since()[0]?.n, 5)
})

test('the state is byte-equal when the content is, whatever the way there', async () => {
  const cloud = seeded()
  const { ec2: client } = clientsFor(cloud.handle)
  const before = cloud.state()
  const { GroupId = '' } = await client.send(group(cloud, 'alb'))
  const rule = (port: number) => ({
    GroupId,
    IpPermissions: [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
  })
  await client.send(new ec2.AuthorizeSecurityGroupIngressCommand(rule(80)))
  const after = cloud.state()
  assert.notEqual(after, before)
  assert.equal(cloud.state(), after)
  await client.send(new ec2.AuthorizeSecurityGroupIngressCommand(rule(81)))
  await client.send(new ec2.RevokeSecurityGroupIngressCommand(rule(81)))
  assert.equal(cloud.state(), after)
  const Tags = [{ Key: 'a' }]
  await client.send(new ec2.DeleteTagsCommand({ Resources: [GroupId], Tags }))
  assert.notEqual(cloud.state(), after)
  await client.send(new ec2.CreateTagsCommand({ Resources: [GroupId], Tags: [{ Key: 'a', Value: '2' }] }))
  assert.equal(cloud.state(), after)
  await client.send(new ec2.DeleteSecurityGroupCommand({ GroupId }))
  assert.equal(cloud.state(), before)
  assert.equal(seeded().state(), before, 'a seed gives the same ids in another process')
  assert.equal(JSON.stringify(await local(cloud, 'GET', `state?account=${id}&region=${region}`)), before)
  assert.deepEqual(await local(cloud, 'GET', 'state?region=mars'), {})
})

test('the state shows neither secrets nor what only the clock moves', () => {
  const cloud = seeded()
  const account = cloud.account(id, region)
  const arn = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/a/1'
  account.targetGroups.set(arn, {
    arn,
    wire: { TargetGroupArn: arn },
    attributes: new Map(),
    targets: new Map(),
  })
  account.rules.set('rule', { arn: 'rule', listenerArn: 'l', wire: {}, clientSecret: 'hush', createdAt: 1 })
  const { targets } = account.targetGroups.get(arn)!
  const before = cloud.state()
  assert.ok(!before.includes('hush'))
  const target = { id: '10.0.0.1', port: 80, registeredAt: 1 }
  targets.set('10.0.0.1:80', { ...target, health: { State: 'initial' } })
  const registered = cloud.state()
  assert.notEqual(registered, before)
  targets.set('10.0.0.1:80', { ...target, registeredAt: 2, health: { State: 'healthy' } })
  assert.equal(cloud.state(), registered)
  targets.set('10.0.0.1:80', { ...target, health: { State: 'healthy' }, drainingUntil: 3 })
  assert.equal(cloud.state(), before)
})

test('reset goes back to the seed, and keeps the account for its watchers', async () => {
  const cloud = seeded()
  const account = cloud.account(id, region)
  const before = cloud.state()
  await clientsFor(cloud.handle).ec2.send(group(cloud, 'alb'))
  let told = 0
  account.onChange(() => {
    told += 1
  })
  await local(cloud, 'POST', 'reset')
  assert.equal(cloud.state(), before)
  assert.equal(cloud.account(id, region), account)
  assert.ok(told > 0)
  assert.deepEqual(cloud.journal.since(), [])
})

test('token buckets: the published numbers, per account, and nothing taken by a refusal', async () => {
  const clock = { now: 0 }
  const cloud = seeded({ timing: { ...timings.instant, throttle: true }, now: () => clock.now })
  const { elbv2: elb, ec2: client } = clientsFor(cloud.handle)
  const until = async (make: () => Promise<unknown>, limit = 500): Promise<[number, string]> => {
    for (let sent = 0; sent < limit; sent += 1) {
      const code = await codeOf(make())
      if (/Throttling|RequestLimitExceeded/.test(code)) return [sent, code]
    }
    return [limit, 'none']
  }
  const read = () => elb.send(new elbv2.DescribeLoadBalancersCommand({}))
  const write = () => elb.send(new elbv2.DeleteRuleCommand({ RuleArn: 'arn' }))
  const dear = () => elb.send(new elbv2.SetSubnetsCommand({ LoadBalancerArn: 'arn' }))
  assert.deepEqual(await until(write), [20, 'Throttling'])
  // The account's own bucket of 40 has 20 left.
  assert.deepEqual(await until(read), [20, 'Throttling'])
  clock.now += 1000
  assert.deepEqual(await until(write), [3, 'Throttling'])
  assert.deepEqual(await until(read), [7, 'Throttling'])
  clock.now += 60_000
  assert.deepEqual(await until(dear), [10, 'Throttling'])
  clock.now += 5000
  assert.deepEqual(await until(dear), [1, 'Throttling'])
  const other = clientsFor(cloud.handle, { account: '210987654321' }).elbv2
  assert.equal(await codeOf(other.send(new elbv2.DescribeLoadBalancersCommand({}))), 'none')
  const groups = (input: ec2.DescribeSecurityGroupsCommandInput) => () =>
    client.send(new ec2.DescribeSecurityGroupsCommand(input))
  assert.deepEqual(await until(groups({})), [50, 'RequestLimitExceeded'])
  assert.deepEqual(await until(groups({ MaxResults: 5 })), [100, 'RequestLimitExceeded'])
  const refused = cloud.journal.since().filter(({ error }) => error === 'RequestLimitExceeded')
  assert.deepEqual(
    refused.map(({ status }) => status),
    [503, 503],
  )
})

test('faults: refused, reset, without an answer, or with the answer lost', async () => {
  const cloud = seeded()
  const { ec2: client } = clientsFor(cloud.handle)
  const create = (name: string) => client.send(group(cloud, name))
  const count = () => cloud.account(id, region).securityGroups.size
  const before = count()
  await local(cloud, 'POST', 'fault', {
    action: 'CreateSecurityGroup',
    error: { code: 'UnauthorizedOperation', message: 'no', status: 403 },
    times: 2,
  })
  for (const name of ['a', 'b']) assert.equal(await codeOf(create(name)), 'UnauthorizedOperation')
  assert.equal(await codeOf(create('c')), 'none')
  assert.equal(count(), before + 1)
  cloud.fault({ action: 'Create*', error: 'reset' })
  await assert.rejects(create('d'), { code: 'ECONNRESET' })
  assert.equal(count(), before + 1)
  cloud.fault({ action: '*', service: 'ec2', error: 'lost-answer' })
  await assert.rejects(create('e'), { code: 'ECONNRESET' })
  assert.equal(count(), before + 2)
  cloud.fault({ action: 'CreateSecurityGroup', error: 'timeout' })
  await assert.rejects(client.send(group(cloud, 'f'), { requestTimeout: 20 }), { name: 'TimeoutError' })
  assert.equal(count(), before + 2)
  cloud.fault({ action: 'CreateSecurityGroup', delayMs: 30 })
  const started = performance.now()
  await create('g')
  assert.ok(performance.now() - started >= 29)
  assert.deepEqual(
    cloud.journal.since().map(({ error }) => error),
    [
      'UnauthorizedOperation',
      'UnauthorizedOperation',
      undefined,
      'reset',
      'lost-answer',
      'timeout',
      undefined,
    ],
  )
  for (const body of [{}, { action: 'x', error: 'boom' }, { action: 'x', times: -1 }, '{'])
    await assert.rejects(local(cloud, 'POST', 'fault', body))
})

test('a mistake of its own is an answer too', async () => {
  const cloud = seeded()
  const account = cloud.account(id, region)
  account.subnets.set('subnet-0bad', null as never)
  const { ec2: client } = clientsFor(cloud.handle)
  assert.equal(await codeOf(client.send(new ec2.DescribeSubnetsCommand({}))), 'InternalFailure')
  const [entry] = cloud.journal.since()
  assert.deepEqual([entry?.error, entry?.status], ['InternalFailure', 500])
  assert.match(entry?.message ?? '', /TypeError/)
})

test('over sockets: by AWS_ENDPOINT_URL alone, and faults break the connection', async () => {
  const cloud = seeded()
  const server = await listen(cloud.handle)
  const client = new ec2.EC2Client({
    endpoint: server.url,
    region,
    credentials: { accessKeyId: id, secretAccessKey: 'x' },
    maxAttempts: 1,
  })
  try {
    const { Vpcs } = await client.send(new ec2.DescribeVpcsCommand({}))
    assert.equal(Vpcs?.length, 1)
    cloud.fault({ action: 'DescribeVpcs', error: 'reset' })
    await assert.rejects(client.send(new ec2.DescribeVpcsCommand({})), { code: 'ECONNRESET' })
    const state = await fetch(`${server.url}/_local/state`)
    assert.equal(await state.text(), cloud.state())
    assert.equal((await fetch(`${server.url}/_local/none`)).status, 404)
  } finally {
    client.destroy()
    await server.close()
  }
})

test('ACM: imported certificates are listed, described, renewed in place, deleted', async () => {
  const cloud = seeded()
  const { acm: client } = clientsFor(cloud.handle)
  const account = cloud.account(id, region)
  account.certificates.set('arn:aws:acm:eu-west-1:123456789012:certificate/seeded', {
    CertificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/seeded',
    DomainName: '*.example.org',
    SubjectAlternativeNames: ['*.example.org'],
    Status: 'ISSUED',
    Type: 'AMAZON_ISSUED',
    KeyAlgorithm: 'RSA_2048',
  })
  const list = async (input: acm.ListCertificatesCommandInput) =>
    (await client.send(new acm.ListCertificatesCommand(input))).CertificateSummaryList ?? []
  const imported = await client.send(
    new acm.ImportCertificateCommand({
      Certificate: Buffer.from(pem.certificate),
      PrivateKey: Buffer.from(pem.key),
    }),
  )
  const CertificateArn = imported.CertificateArn ?? ''
  assert.deepEqual(
    (await list({})).map(({ DomainName }) => DomainName),
    ['*.example.org'],
    'EC keys are not listed unless asked for',
  )
  const all = await list({
    Includes: { keyTypes: ['RSA_2048', 'EC_prime256v1'] },
    CertificateStatuses: ['ISSUED'],
  })
  assert.deepEqual(
    all.map(({ DomainName, SubjectAlternativeNameSummaries }) => [
      DomainName,
      SubjectAlternativeNameSummaries,
    ]),
    [
      ['*.example.org', ['*.example.org']],
      ['shop.example.com', ['shop.example.com', '*.shop.example.com']],
    ],
  )
  const { Certificate } = await client.send(new acm.DescribeCertificateCommand({ CertificateArn }))
  assert.equal(Certificate?.Type, 'IMPORTED')
  assert.deepEqual(Certificate.InUseBy, [])
  const again = await client.send(
    new acm.ImportCertificateCommand({
      CertificateArn,
      Certificate: Buffer.from(pem.certificate),
      PrivateKey: Buffer.from(pem.key),
    }),
  )
  assert.equal(again.CertificateArn, CertificateArn)
  const bad = new acm.ImportCertificateCommand({
    Certificate: Buffer.from('x'),
    PrivateKey: Buffer.from('y'),
  })
  assert.equal(await codeOf(client.send(bad)), 'ValidationException')
  const shown = cloud.state() + JSON.stringify(cloud.journal.since())
  assert.ok(!shown.includes('PRIVATE KEY') && !shown.includes(Buffer.from(pem.key).toString('base64')))
  await client.send(new acm.DeleteCertificateCommand({ CertificateArn }))
  assert.equal(
    await codeOf(client.send(new acm.DescribeCertificateCommand({ CertificateArn }))),
    'ResourceNotFoundException',
  )
})

/** Self-signed, for shop.example.com and *.shop.example.com; made for this test. */
const pem = {
  certificate: `-----BEGIN CERTIFICATE-----
MIIBwDCCAWagAwIBAgIUbi+poFjfwXCsb318ysymOKUv+ZYwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQc2hvcC5leGFtcGxlLmNvbTAgFw0yNjExMjAyMzMzNDNaGA8y
MTI2MTAyNzIzMzM0M1owGzEZMBcGA1UEAwwQc2hvcC5leGFtcGxlLmNvbTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABJ0QvGkoEe4smQpNhYBNZZgA1W0PKfjUX45L
R/aiX9HU0S5JChvyBUpqbi2hS12pF5WNURES9mH0Mib4/xMHXjijgYUwgYIwHQYD
VR0OBBYEFBa5IPXKNdvz1pcAMp8Q9Tj2b2/0MB8GA1UdIwQYMBaAFBa5IPXKNdvz
1pcAMp8Q9Tj2b2/0MA8GA1UdEwEB/wQFMAMBAf8wLwYDVR0RBCgwJoIQc2hvcC5l
eGFtcGxlLmNvbYISKi5zaG9wLmV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUC
IQCLf0OCMxIn4B6Gy+4VMZPBx2v4qmdSSc6CDwYRv1XlUgIgJqoBSmccpJ3o2GQf
UF7MseR+Tly+cjtKolIu3/8RI2s=
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgs3TfvD+MsEg1evJ6
+LUl0/y5fxiGRk/8jpx5eNtB2yqhRANCAASdELxpKBHuLJkKTYWATWWYANVtDyn4
1F+OS0f2ol/R1NEuSQob8gVKam4toUtdqReVjVEREvZh9DIm+P8TB144
-----END PRIVATE KEY-----`,
}
