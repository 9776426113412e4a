// Trust stores, web ACLs and Shield, as far as a load balancer has them.
import assert from 'node:assert/strict'
import { DescribeTrustStoresCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { DescribeProtectionCommand, GetSubscriptionStateCommand } from '@aws-sdk/client-shield'
import {
  AssociateWebACLCommand,
  CreateWebACLCommand,
  DeleteWebACLCommand,
  DisassociateWebACLCommand,
  GetWebACLCommand,
  GetWebACLForResourceCommand,
  ListWebACLsCommand,
} from '@aws-sdk/client-wafv2'
import { type Bench, check, refused } from '../bench.ts'

async function webAcl(bench: Bench): Promise<{ readonly Name: string; readonly ARN: string }> {
  const { wafv2 } = bench.clients
  const Name = bench.name()
  const { Summary } = await wafv2.send(
    new CreateWebACLCommand({
      Name,
      Scope: 'REGIONAL',
      DefaultAction: { Allow: {} },
      VisibilityConfig: { SampledRequestsEnabled: false, CloudWatchMetricsEnabled: false, MetricName: Name },
      Tags: bench.tags,
    }),
  )
  const { Id, ARN } = Summary ?? {}
  assert.ok(Id && ARN)
  const of = { Name, Scope: 'REGIONAL', Id } as const
  bench.afterwards(async () => {
    const { LockToken } = await wafv2.send(new GetWebACLCommand(of))
    await wafv2.send(new DeleteWebACLCommand({ ...of, LockToken }))
  })
  return { Name, ARN }
}

export const addOnChecks = [
  check('trust-store/unknown', 'an unknown trust store is not found', async (bench) => {
    const Names = [bench.name()]
    await refused(bench.clients.elbv2.send(new DescribeTrustStoresCommand({ Names })), 'TrustStoreNotFound')
  }),
  check('web-acl/listed', 'a web ACL is listed by its name', async (bench) => {
    const { Name, ARN } = await webAcl(bench)
    await bench.eventually(async () => {
      const { WebACLs = [] } = await bench.clients.wafv2.send(
        new ListWebACLsCommand({ Scope: 'REGIONAL', Limit: 100 }),
      )
      assert.equal(WebACLs.find((one) => one.Name === Name)?.ARN, ARN)
    })
  }),
  check('web-acl/associated', 'a load balancer gets a web ACL, tells it, and loses it', async (bench) => {
    const { loadBalancer: ResourceArn } = await bench.shared()
    const { ARN: WebACLArn } = await webAcl(bench)
    const { wafv2 } = bench.clients
    const now = async () => (await wafv2.send(new GetWebACLForResourceCommand({ ResourceArn }))).WebACL?.ARN
    assert.equal(await now(), undefined)
    bench.afterwards(() => wafv2.send(new DisassociateWebACLCommand({ ResourceArn })))
    await bench.eventually(() => wafv2.send(new AssociateWebACLCommand({ WebACLArn, ResourceArn })))
    await bench.eventually(async () => assert.equal(await now(), WebACLArn))
    await wafv2.send(new DisassociateWebACLCommand({ ResourceArn }))
    await bench.eventually(async () => assert.equal(await now(), undefined))
  }),
  check('web-acl/unknown', 'an unknown web ACL is refused', async (bench) => {
    const { loadBalancer: ResourceArn } = await bench.shared()
    const { ARN } = await webAcl(bench)
    const WebACLArn = ARN.replace(/[0-9a-f-]{36}$/, '00000000-0000-0000-0000-000000000000')
    await refused(
      bench.clients.wafv2.send(new AssociateWebACLCommand({ WebACLArn, ResourceArn })),
      'WAFNonexistentItem',
      'WAFInvalidParameter',
    )
  }),
  check('shield/state', 'whether the account has a subscription is told', async (bench) => {
    const { SubscriptionState } = await bench.clients.shield.send(new GetSubscriptionStateCommand({}))
    assert.match(SubscriptionState ?? '', /^(IN)?ACTIVE$/)
  }),
  check('shield/none', 'a load balancer without protection says so', async (bench) => {
    const { loadBalancer: ResourceArn } = await bench.shared()
    await refused(
      bench.clients.shield.send(new DescribeProtectionCommand({ ResourceArn })),
      'ResourceNotFound',
    )
  }),
]
