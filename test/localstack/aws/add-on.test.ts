import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as acm from '@aws-sdk/client-acm'
import * as tagging from '@aws-sdk/client-resource-groups-tagging-api'
import * as shield from '@aws-sdk/client-shield'
import * as wafv2 from '@aws-sdk/client-wafv2'
import { type Cloud, createCloud } from '../../../localstack/aws/cloud.ts'
import { seedVpc } from '../../../localstack/aws/seed.ts'
import { seedFacts } from '../../../localstack/aws/seed-facts.ts'
import { timings } from '../../../localstack/timing.ts'
import {
  CreateLoadBalancerCommand,
  DeleteLoadBalancerCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { AssociateWebACLCommand } from '../../../src/aws/waf-regional.ts'
import { clientsFor, codeOf } from './clients.ts'

const aclArn =
  'arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/demo/244d880f-a49f-4e19-8e2c-89a7dc9fe5cc'

async function world({ throttle = false, lagMs = 0 } = {}) {
  let now = 1_700_000_000_000
  const cloud = createCloud({
    timing: { ...timings.instant, throttle, readAfterWriteLagMs: lagMs },
    now: () => now,
    seed: (account) => {
      seedVpc(account, { clusterName: 'shop' })
      seedFacts(account, { webAcls: [{ Name: 'demo', ARN: aclArn, Id: aclArn.split('/').at(-1) }] })
    },
  })
  const clients = clientsFor(cloud.handle)
  const account = cloud.account('123456789012', 'eu-west-1')
  const Subnets = [...account.subnets.keys()].slice(0, 2)
  const { LoadBalancers } = await clients.elbv2.send(
    new CreateLoadBalancerCommand({ Name: 'web', Subnets, Tags: [{ Key: 'stack', Value: 'a' }] }),
  )
  const arn = LoadBalancers?.[0]?.LoadBalancerArn ?? ''
  return { cloud, account, arn, ...clients, wait: (ms: number) => (now += ms) }
}

test('WAFv2: a load balancer has one web ACL at most, and loses it with its life', async () => {
  const { wafv2: client, elbv2, arn, account, cloud } = await world()
  const before = () => account.webAclAssociations.size
  const of = async () =>
    (await client.send(new wafv2.GetWebACLForResourceCommand({ ResourceArn: arn }))).WebACL?.Name
  assert.equal(await of(), undefined)
  const { Summary } = await client.send(
    new wafv2.CreateWebACLCommand({
      Name: 'other',
      Scope: 'REGIONAL',
      DefaultAction: { Allow: {} },
      VisibilityConfig: { SampledRequestsEnabled: false, CloudWatchMetricsEnabled: false, MetricName: 'x' },
    }),
  )
  for (const [WebACLArn, name] of [
    [aclArn, 'demo'],
    [Summary?.ARN, 'other'],
  ] as const) {
    await client.send(new wafv2.AssociateWebACLCommand({ WebACLArn, ResourceArn: arn }))
    assert.equal(await of(), name)
    const { ResourceArns } = await client.send(new wafv2.ListResourcesForWebACLCommand({ WebACLArn }))
    assert.deepEqual(ResourceArns, [arn])
  }
  const { Name, Id, LockToken } = Summary ?? {}
  const remove = () => client.send(new wafv2.DeleteWebACLCommand({ Name, Id, LockToken, Scope: 'REGIONAL' }))
  assert.equal(await codeOf(remove()), 'WAFAssociatedItemException')
  await client.send(new wafv2.DisassociateWebACLCommand({ ResourceArn: arn }))
  assert.equal(await of(), undefined)
  await remove()
  await client.send(new wafv2.AssociateWebACLCommand({ WebACLArn: aclArn, ResourceArn: arn }))
  assert.match(cloud.state(), /webAclAssociations":\{"arn/)
  await elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }))
  assert.equal(before(), 0)
  assert.equal(await codeOf(of()), 'WAFNonexistentItemException')
})

test('WAFv2: web ACLs are listed by name page by page, and got by name and id or by ARN', async () => {
  const { wafv2: client } = await world()
  for (const Name of ['a', 'z'])
    await client.send(
      new wafv2.CreateWebACLCommand({
        Name,
        Scope: 'REGIONAL',
        DefaultAction: { Block: {} },
        VisibilityConfig: {
          SampledRequestsEnabled: false,
          CloudWatchMetricsEnabled: false,
          MetricName: Name,
        },
      }),
    )
  const names: (string | undefined)[] = []
  let NextMarker: string | undefined
  do {
    const page = await client.send(new wafv2.ListWebACLsCommand({ Scope: 'REGIONAL', Limit: 2, NextMarker }))
    names.push(...(page.WebACLs ?? []).map(({ Name }) => Name))
    NextMarker = page.NextMarker
  } while (NextMarker !== undefined)
  assert.deepEqual(names, ['a', 'demo', 'z'])
  const byArn = await client.send(new wafv2.GetWebACLCommand({ ARN: aclArn }))
  const { Name, Id } = byArn.WebACL ?? {}
  const byName = await client.send(new wafv2.GetWebACLCommand({ Name, Id, Scope: 'REGIONAL' }))
  assert.deepEqual([byName.WebACL, Name], [byArn.WebACL, 'demo'])
})

test('WAFv2 refuses what it does not know, what is too new, and what comes too fast', async () => {
  const { wafv2: client, arn, wait } = await world({ throttle: true, lagMs: 5000 })
  const associate = (WebACLArn: string, ResourceArn = arn) =>
    codeOf(client.send(new wafv2.AssociateWebACLCommand({ WebACLArn, ResourceArn })))
  const created = await client.send(
    new wafv2.CreateWebACLCommand({
      Name: 'new',
      Scope: 'REGIONAL',
      DefaultAction: { Allow: {} },
      VisibilityConfig: { SampledRequestsEnabled: false, CloudWatchMetricsEnabled: false, MetricName: 'x' },
    }),
  )
  assert.equal(await associate(created.Summary?.ARN ?? ''), 'WAFUnavailableEntityException')
  assert.equal(await associate(aclArn), 'ThrottlingException')
  wait(2000)
  assert.equal(await associate(aclArn), 'none')
  wait(2000)
  assert.equal(await associate(aclArn.replace('demo', 'none')), 'WAFNonexistentItemException')
  wait(2000)
  assert.equal(await associate('demo'), 'WAFInvalidParameterException')
  wait(2000)
  assert.equal(await associate(aclArn, arn.replace('web', 'gone')), 'WAFNonexistentItemException')
  const list = codeOf(client.send(new wafv2.ListWebACLsCommand({ Scope: 'CLOUDFRONT' })))
  assert.equal(await list, 'WAFInvalidParameterException')
})

test('Shield: protections need a subscription, are found by resource, and outlive it', async () => {
  const { shield: client, elbv2, account, arn: ResourceArn } = await world()
  const state = async () => (await client.send(new shield.GetSubscriptionStateCommand({}))).SubscriptionState
  const create = () => client.send(new shield.CreateProtectionCommand({ Name: 'managed by us', ResourceArn }))
  const describe = () => client.send(new shield.DescribeProtectionCommand({ ResourceArn }))
  assert.equal(await state(), 'INACTIVE')
  assert.equal(await codeOf(create()), 'ResourceNotFoundException')
  await client.send(new shield.CreateSubscriptionCommand({}))
  assert.equal(await state(), 'ACTIVE')
  assert.equal(await codeOf(describe()), 'ResourceNotFoundException')
  const { ProtectionId } = await create()
  assert.equal(await codeOf(create()), 'ResourceAlreadyExistsException')
  await elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: ResourceArn }))
  const { Protection } = await describe()
  assert.deepEqual(Protection, {
    Id: ProtectionId,
    Name: 'managed by us',
    ResourceArn,
    ProtectionArn: `arn:aws:shield::123456789012:protection/${ProtectionId}`,
  })
  await client.send(new shield.DeleteProtectionCommand({ ProtectionId }))
  assert.equal(await codeOf(describe()), 'ResourceNotFoundException')
  assert.equal(account.protections.size, 0)
})

test('tagging: resources by tag and type, page by page', async () => {
  const { tagging: client, account, arn } = await world()
  const get = async (input: tagging.GetResourcesCommandInput) =>
    await client.send(new tagging.GetResourcesCommand(input))
  const found = await get({
    TagFilters: [{ Key: 'stack', Values: ['b', 'a'] }],
    ResourceTypeFilters: ['elasticloadbalancing:loadbalancer'],
  })
  assert.deepEqual(found.ResourceTagMappingList, [{ ResourceARN: arn, Tags: [{ Key: 'stack', Value: 'a' }] }])
  const none = await get({
    TagFilters: [{ Key: 'stack' }],
    ResourceTypeFilters: ['elasticloadbalancing:targetgroup'],
  })
  assert.deepEqual(none.ResourceTagMappingList, [])
  const key = 'kubernetes.io/cluster/shop'
  const all: string[] = []
  let token: string | undefined
  do {
    const page = await get({ TagFilters: [{ Key: key }], ResourcesPerPage: 2, PaginationToken: token })
    all.push(...(page.ResourceTagMappingList ?? []).map(({ ResourceARN = '' }) => ResourceARN))
    token = page.PaginationToken
  } while (token)
  const tagged = [...account.tags].filter(([, tags]) => tags.has(key))
  assert.equal(all.length, tagged.length)
  assert.ok(
    all.some((one) => one.includes(':subnet/subnet-')) || all.some((one) => one.includes(':security-group/')),
  )
  assert.equal(await codeOf(get({ ResourcesPerPage: 101 })), 'InvalidParameterException')
})

test('ACM: a requested certificate is issued at once, once for a token, and bears its tags', async () => {
  const { acm: client } = await world()
  const request = (input: Partial<acm.RequestCertificateCommandInput>) =>
    client.send(
      new acm.RequestCertificateCommand({
        DomainName: 'shop.example',
        SubjectAlternativeNames: ['*.shop.example', 'shop.example'],
        ValidationMethod: 'DNS',
        IdempotencyToken: 'a',
        Tags: [{ Key: 'stack', Value: 'a' }],
        ...input,
      }),
    )
  const { CertificateArn } = await request({})
  assert.equal((await request({})).CertificateArn, CertificateArn)
  assert.notEqual((await request({ IdempotencyToken: 'b' })).CertificateArn, CertificateArn)
  const { Certificate } = await client.send(new acm.DescribeCertificateCommand({ CertificateArn }))
  assert.deepEqual(
    [Certificate?.Status, Certificate?.Type, Certificate?.SubjectAlternativeNames],
    ['ISSUED', 'AMAZON_ISSUED', ['shop.example', '*.shop.example']],
  )
  const { ResourceRecord } = Certificate?.DomainValidationOptions?.[1] ?? {}
  assert.match(ResourceRecord?.Name ?? '', /^_[0-9a-f]{32}\.shop\.example\.$/)
  const { Tags } = await client.send(new acm.ListTagsForCertificateCommand({ CertificateArn }))
  assert.deepEqual(Tags, [{ Key: 'stack', Value: 'a' }])
  assert.equal(await codeOf(request({ DomainName: 'no domain' })), 'ValidationException')
  const tooMany = Array.from({ length: 10 }, (_, index) => `h${index}.example`)
  assert.equal(await codeOf(request({ SubjectAlternativeNames: tooMany })), 'LimitExceededException')
})

test('WAF classic: a load balancer has one web ACL at most, by id; changes take a token that is used once', async () => {
  const { 'waf-regional': client, elbv2, arn, account, cloud } = await world()
  const send = (action: string, input: object): Promise<Answer> => ask(cloud, action, input)
  const { ChangeToken } = await send('GetChangeToken', {})
  const made = { Name: 'shop', MetricName: 'shop', DefaultAction: { Type: 'ALLOW' }, ChangeToken }
  const { WebACL: { WebACLId = '' } = {} } = await send('CreateWebACL', made)
  assert.equal((await send('CreateWebACL', { ...made, Name: 'other' })).__type, 'WAFStaleDataException')
  assert.deepEqual((await send('ListWebACLs', {})).WebACLs, [{ WebACLId, Name: 'shop' }])
  const associate = (id: string, ResourceArn = arn) =>
    codeOf(client.send(new AssociateWebACLCommand({ WebACLId: id, ResourceArn }) as never))
  assert.equal(await associate('nowhere'), 'WAFNonexistentItemException')
  assert.equal(await associate(WebACLId, 'arn:aws:s3:::bucket'), 'WAFInvalidParameterException')
  assert.equal(await associate(WebACLId), 'none')
  const got = await send('GetWebACLForResource', { ResourceArn: arn })
  assert.deepEqual(got.WebACLSummary, { WebACLId, Name: 'shop' })
  const next = await send('GetChangeToken', {})
  assert.equal(
    (await send('DeleteWebACL', { WebACLId, ChangeToken: next.ChangeToken })).__type,
    'WAFReferencedItemException',
  )
  await elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }))
  assert.equal(account.classicWebAclAssociations.size, 0)
  assert.deepEqual(await send('DeleteWebACL', { WebACLId, ChangeToken: next.ChangeToken }), {
    ChangeToken: next.ChangeToken,
  })
})

type Answer = {
  readonly __type?: string
  readonly ChangeToken?: string
  readonly WebACL?: { readonly WebACLId: string }
  readonly WebACLs?: unknown
  readonly WebACLSummary?: unknown
}

/** The wire itself: no SDK of today has the other actions of WAF classic. */
async function ask(cloud: Cloud, action: string, input: object): Promise<Answer> {
  const { body } = await cloud.handle({
    method: 'POST',
    path: '/',
    headers: {
      'x-amz-target': `AWSWAF_Regional_20161128.${action}`,
      authorization: 'AWS4-HMAC-SHA256 Credential=123456789012/20260101/eu-west-1/waf-regional/aws4_request',
    },
    body: JSON.stringify(input),
  })
  assert.ok(typeof body === 'string')
  return JSON.parse(body) as Answer
}

test('Shield is one for all regions of an account', async () => {
  const { cloud, arn, shield: client } = await world()
  const other = clientsFor(cloud.handle, { region: 'us-east-1' })
  await client.send(new shield.CreateSubscriptionCommand({}))
  await other.shield.send(new shield.CreateProtectionCommand({ Name: 'a', ResourceArn: arn }))
  const { Protection } = await client.send(new shield.DescribeProtectionCommand({ ResourceArn: arn }))
  assert.equal(Protection?.Name, 'a')
})
