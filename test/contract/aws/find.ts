/** What of an account bears the tag of the suite: by each service's own tags, as an index of all would lag. */
import { ListCertificatesCommand, ListTagsForCertificateCommand } from '@aws-sdk/client-acm'
import { DescribeNetworkInterfacesCommand, DescribeSecurityGroupsCommand } from '@aws-sdk/client-ec2'
import {
  DescribeLoadBalancersCommand,
  DescribeTagsCommand,
  DescribeTargetGroupsCommand,
  DescribeTrustStoresCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { ListTagsForResourceCommand, ListWebACLsCommand, type WebACLSummary } from '@aws-sdk/client-wafv2'
import { runTag } from '../bench.ts'
import type { Clients } from '../provider.ts'

const tagged = (tags: readonly { readonly Key?: string | undefined }[] = []): boolean =>
  tags.some(({ Key }) => Key === runTag)

/** Follows the pages to their end. */
async function pages<Page>(
  read: (marker: string | undefined) => Promise<Page>,
  next: (page: Page) => string | undefined,
): Promise<Page[]> {
  const all: Page[] = []
  let marker: string | undefined
  do {
    const page = await read(marker)
    all.push(page)
    marker = next(page) || undefined
  } while (marker !== undefined)
  return all
}

/** Of these ARNs; what goes meanwhile is left out. */
async function ours({ elbv2 }: Clients, arns: readonly string[]): Promise<string[]> {
  const found: string[] = []
  const read = async (ResourceArns: string[]): Promise<void> => {
    try {
      const { TagDescriptions = [] } = await elbv2.send(new DescribeTagsCommand({ ResourceArns }))
      for (const { ResourceArn, Tags } of TagDescriptions)
        if (ResourceArn && tagged(Tags)) found.push(ResourceArn)
    } catch (error) {
      if (!(error instanceof Error && error.name.includes('NotFound'))) throw error
      if (ResourceArns.length > 1) for (const one of ResourceArns) await read([one])
    }
  }
  for (let at = 0; at < arns.length; at += 20) await read(arns.slice(at, at + 20))
  return found
}

/** Network load balancers first: they keep those behind them from being deleted. */
export async function loadBalancers(clients: Clients): Promise<string[]> {
  const all = await pages(
    (Marker) => clients.elbv2.send(new DescribeLoadBalancersCommand(Marker ? { Marker } : {})),
    ({ NextMarker }) => NextMarker,
  )
  const arns = all.flatMap(({ LoadBalancers = [] }) => LoadBalancers.map((one) => one.LoadBalancerArn ?? ''))
  return (await ours(clients, arns)).sort((a, b) => Number(b.includes('/net/')) - Number(a.includes('/net/')))
}

export async function targetGroups(clients: Clients): Promise<string[]> {
  const all = await pages(
    (Marker) => clients.elbv2.send(new DescribeTargetGroupsCommand(Marker ? { Marker } : {})),
    ({ NextMarker }) => NextMarker,
  )
  return ours(
    clients,
    all.flatMap(({ TargetGroups = [] }) => TargetGroups.map((one) => one.TargetGroupArn ?? '')),
  )
}

export async function trustStores(clients: Clients): Promise<string[]> {
  const all = await pages(
    (Marker) => clients.elbv2.send(new DescribeTrustStoresCommand(Marker ? { Marker } : {})),
    ({ NextMarker }) => NextMarker,
  )
  return ours(
    clients,
    all.flatMap(({ TrustStores = [] }) => TrustStores.map((one) => one.TrustStoreArn ?? '')),
  )
}

const withTag = [{ Name: 'tag-key', Values: [runTag] }]

export async function networkInterfaces({ ec2 }: Clients): Promise<string[]> {
  const all = await pages(
    (NextToken) =>
      ec2.send(
        new DescribeNetworkInterfacesCommand({ Filters: withTag, ...(NextToken ? { NextToken } : {}) }),
      ),
    ({ NextToken }) => NextToken,
  )
  return all.flatMap(({ NetworkInterfaces = [] }) =>
    NetworkInterfaces.map((one) => one.NetworkInterfaceId ?? ''),
  )
}

export async function securityGroups({ ec2 }: Clients): Promise<string[]> {
  const all = await pages(
    (NextToken) =>
      ec2.send(new DescribeSecurityGroupsCommand({ Filters: withTag, ...(NextToken ? { NextToken } : {}) })),
    ({ NextToken }) => NextToken,
  )
  return all.flatMap(({ SecurityGroups = [] }) => SecurityGroups.map((one) => one.GroupId ?? ''))
}

export async function certificates({ acm }: Clients): Promise<string[]> {
  const all = await pages(
    (NextToken) =>
      acm.send(
        new ListCertificatesCommand({
          Includes: { keyTypes: ['RSA_2048', 'EC_prime256v1'] },
          ...(NextToken ? { NextToken } : {}),
        }),
      ),
    ({ NextToken }) => NextToken,
  )
  const found: string[] = []
  for (const { CertificateArn = '' } of all.flatMap(
    ({ CertificateSummaryList = [] }) => CertificateSummaryList,
  )) {
    const { Tags } = await acm.send(new ListTagsForCertificateCommand({ CertificateArn }))
    if (tagged(Tags)) found.push(CertificateArn)
  }
  return found
}

export async function webAcls({ wafv2 }: Clients): Promise<WebACLSummary[]> {
  const all = await pages(
    (NextMarker) =>
      wafv2.send(
        new ListWebACLsCommand({ Scope: 'REGIONAL', Limit: 100, ...(NextMarker ? { NextMarker } : {}) }),
      ),
    ({ NextMarker, WebACLs = [] }) => (WebACLs.length > 0 ? NextMarker : undefined),
  )
  const found: WebACLSummary[] = []
  for (const one of all.flatMap(({ WebACLs = [] }) => WebACLs)) {
    const { TagInfoForResource } = await wafv2.send(
      new ListTagsForResourceCommand({ ResourceARN: one.ARN, Limit: 100 }),
    )
    if (tagged(TagInfoForResource?.TagList)) found.push(one)
  }
  return found
}
