// Trust stores, web ACLs and Shield, as far as a load balancer has them.
import assert from 'node:assert/strict'
import {
  CreateTrustStoreCommand,
  DeleteTrustStoreCommand,
  DescribeListenersCommand,
  DescribeTrustStoresCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import {
  CreateProtectionCommand,
  DeleteProtectionCommand,
  DescribeProtectionCommand,
  GetSubscriptionStateCommand,
} from '@aws-sdk/client-shield'
import {
  AssociateWebACLCommand,
  CreateWebACLCommand,
  DeleteWebACLCommand,
  DisassociateWebACLCommand,
  GetWebACLCommand,
  GetWebACLForResourceCommand,
  ListWebACLsCommand,
} from '@aws-sdk/client-wafv2'
import {
  AssociateWebACLCommand as AssociateClassicCommand,
  DisassociateWebACLCommand as DisassociateClassicCommand,
  GetWebACLForResourceCommand as GetClassicCommand,
} from '../../../src/aws/waf-regional.ts'
import { type Bench, check, refused } from '../bench.ts'
import { importCertificate } from './certificate.ts'

export async function webAcl(bench: Bench): Promise<{ readonly Name: string; readonly ARN: string }> {
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
  check(
    'trust-store/used',
    'a trust store is found by its name, verifies the clients of a listener, and is in use meanwhile',
    async (bench) => {
      const { elbv2 } = bench.clients
      const { bundle } = bench
      assert.ok(bundle, 'there is no bundle of certificates to make it of')
      const Name = bench.name()
      const { TrustStores: made = [] } = await elbv2.send(
        new CreateTrustStoreCommand({
          Name,
          CaCertificatesBundleS3Bucket: bundle.bucket,
          CaCertificatesBundleS3Key: bundle.key,
          Tags: bench.tags,
        }),
      )
      const { TrustStoreArn } = made[0] ?? {}
      const remove = () => elbv2.send(new DeleteTrustStoreCommand({ TrustStoreArn }))
      bench.afterwards(remove)
      await bench.eventually(async () => {
        const { TrustStores } = await elbv2.send(new DescribeTrustStoresCommand({ Names: [Name] }))
        assert.deepEqual(
          TrustStores?.map((one) => [one.TrustStoreArn, one.Status]),
          [[TrustStoreArn, 'ACTIVE']],
        )
      })
      const { ListenerArn } = await bench.listener((await bench.shared()).loadBalancer, {
        Protocol: 'HTTPS',
        Port: 8449,
        Certificates: [{ CertificateArn: await importCertificate(bench) }],
        MutualAuthentication: { Mode: 'verify', TrustStoreArn },
      })
      await bench.eventually(async () => {
        const { Listeners } = await elbv2.send(new DescribeListenersCommand({ ListenerArns: [ListenerArn] }))
        assert.equal(Listeners?.[0]?.MutualAuthentication?.TrustStoreArn, TrustStoreArn)
      })
      await refused(remove(), 'TrustStoreInUse')
    },
  ),
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
  check(
    'web-acl/classic',
    'no web ACL of WAF classic is there, and an unknown one is refused',
    async (bench) => {
      const { loadBalancer: ResourceArn } = await bench.shared()
      const { wafRegional } = bench.clients
      const answer = await wafRegional.send(new GetClassicCommand({ ResourceArn }) as never)
      assert.ok(!('WebACLSummary' in answer) || answer.WebACLSummary === undefined)
      const WebACLId = '00000000-0000-0000-0000-000000000000'
      await refused(
        wafRegional.send(new AssociateClassicCommand({ WebACLId, ResourceArn }) as never),
        'WAFNonexistentItem',
      )
      await wafRegional.send(new DisassociateClassicCommand({ ResourceArn }) as never)
    },
  ),
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
  check(
    'shield/protected',
    'with a subscription a load balancer is protected, and no more; without one that is refused',
    async (bench) => {
      const { loadBalancer: ResourceArn } = await bench.shared()
      const { shield } = bench.clients
      const create = () =>
        shield.send(new CreateProtectionCommand({ Name: bench.name(), ResourceArn, Tags: bench.tags }))
      const { SubscriptionState } = await shield.send(new GetSubscriptionStateCommand({}))
      // Nobody subscribes for a test: it is for a year.
      if (SubscriptionState !== 'ACTIVE') return await refused(create(), 'ResourceNotFound')
      const { ProtectionId } = await create()
      const end = () => shield.send(new DeleteProtectionCommand({ ProtectionId }))
      bench.afterwards(() => end().catch(() => undefined))
      const read = () => shield.send(new DescribeProtectionCommand({ ResourceArn }))
      assert.equal((await read()).Protection?.Id, ProtectionId)
      await end()
      await bench.eventually(() => refused(read(), 'ResourceNotFound'))
    },
  ),
]
