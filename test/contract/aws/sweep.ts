/** Removes what runs of the suite left in an account: whatever bears its tag, whoever made it, in the order that dependencies ask for. */
import { DeleteCertificateCommand } from '@aws-sdk/client-acm'
import {
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2'
import {
  DeleteLoadBalancerCommand,
  DeleteTargetGroupCommand,
  DeleteTrustStoreCommand,
  ModifyLoadBalancerAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import {
  DeleteProtectionCommand,
  DescribeProtectionCommand,
  GetSubscriptionStateCommand,
} from '@aws-sdk/client-shield'
import { DeleteWebACLCommand, GetWebACLCommand } from '@aws-sdk/client-wafv2'
import type { Clients } from '../provider.ts'
import {
  certificates,
  loadBalancers,
  networkInterfaces,
  securityGroups,
  targetGroups,
  trustStores,
  webAcls,
} from './find.ts'

/** Answers with what it removed; throws when something does not go within `patienceMs`. */
export async function sweep(clients: Clients, patienceMs: number): Promise<readonly string[]> {
  const { elbv2, ec2, acm, wafv2 } = clients
  const removed: string[] = []
  const each = async <T>(
    all: readonly T[],
    name: (one: T) => string,
    remove: (one: T) => Promise<unknown>,
  ): Promise<void> => {
    for (const one of all) {
      await until(() => remove(one), patienceMs)
      removed.push(name(one))
    }
  }
  const self = (one: string): string => one
  await each(await loadBalancers(clients), self, (arn) => removeLoadBalancer(clients, arn))
  await each(await targetGroups(clients), self, (TargetGroupArn) =>
    elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn })),
  )
  await each(await trustStores(clients), self, (TrustStoreArn) =>
    elbv2.send(new DeleteTrustStoreCommand({ TrustStoreArn })),
  )
  await each(
    await webAcls(clients),
    ({ ARN = '' }) => ARN,
    async ({ Name, Id }) => {
      const of = { Name, Id, Scope: 'REGIONAL' } as const
      const { LockToken } = await wafv2.send(new GetWebACLCommand(of))
      await wafv2.send(new DeleteWebACLCommand({ ...of, LockToken }))
    },
  )
  await each(await certificates(clients), self, (CertificateArn) =>
    acm.send(new DeleteCertificateCommand({ CertificateArn })),
  )
  await each(await networkInterfaces(clients), self, (NetworkInterfaceId) =>
    ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId })),
  )
  const groups = await securityGroups(clients)
  // They may name each other, and then none can go first.
  for (const group of groups) await until(() => revokeAll(clients, group), patienceMs)
  await each(groups, self, (GroupId) => ec2.send(new DeleteSecurityGroupCommand({ GroupId })))
  return removed
}

async function removeLoadBalancer({ elbv2, shield }: Clients, LoadBalancerArn: string): Promise<void> {
  const { SubscriptionState } = await shield.send(new GetSubscriptionStateCommand({}))
  if (SubscriptionState === 'ACTIVE') {
    const protection = await shield
      .send(new DescribeProtectionCommand({ ResourceArn: LoadBalancerArn }))
      .catch(() => undefined)
    const ProtectionId = protection?.Protection?.Id
    if (ProtectionId !== undefined) await shield.send(new DeleteProtectionCommand({ ProtectionId }))
  }
  const Attributes = [{ Key: 'deletion_protection.enabled', Value: 'false' }]
  await elbv2.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes }))
  await elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn }))
}

async function revokeAll({ ec2 }: Clients, GroupId: string): Promise<void> {
  const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }))
  const IpPermissions = SecurityGroups?.[0]?.IpPermissions ?? []
  if (IpPermissions.length > 0)
    await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }))
}

/** What is gone already is as good as removed. */
async function until(remove: () => Promise<unknown>, withinMs: number): Promise<void> {
  const end = Date.now() + withinMs
  for (;;) {
    try {
      await remove()
      return
    } catch (error) {
      const name = error instanceof Error ? error.name : ''
      if (/NotFound|NonexistentItem/.test(name)) return
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.min(5_000, withinMs / 50)))
    }
  }
}
