/** An AWS that can be checked: who answers, and where in it there is room to build. */
import { ACMClient } from '@aws-sdk/client-acm'
import {
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  DescribeInternetGatewaysCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2'
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api'
import { ShieldClient } from '@aws-sdk/client-shield'
import { STSClient } from '@aws-sdk/client-sts'
import { WAFV2Client } from '@aws-sdk/client-wafv2'

export type Clients = ReturnType<typeof clientsOf>

/** An answer to a plain HTTP request. */
type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}
type Ask = {
  readonly name: string
  readonly port: number
  readonly secure?: boolean
  readonly path?: string
  readonly host?: string
}

export type Provider = {
  readonly name: string
  readonly region: string
  /** How long a state may take to come about. */
  readonly patienceMs: number
  readonly clients: Clients
  /** Through a load balancer; absent: nothing there answers requests. */
  readonly ask?: (request: Ask) => Promise<Answer>
  /** The names of the calls that it was asked for, where it keeps them. */
  readonly calls?: () => ReadonlySet<string>
  stop(): Promise<void>
}

type Where = {
  readonly region: string
  /** Absent: AWS itself, or what the environment says. */
  readonly endpoint?: string
  readonly requestHandler?: object
  /** 8: throttling of an account that others use too is no finding. */
  readonly maxAttempts?: number
  /** Absent: the SDK's own chain. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

export function clientsOf({ region, endpoint, requestHandler, credentials, maxAttempts = 8 }: Where) {
  const config = {
    region,
    maxAttempts,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(requestHandler === undefined ? {} : { requestHandler: requestHandler as never }),
    ...(credentials === undefined ? {} : { credentials }),
  }
  return {
    ec2: new EC2Client(config),
    elbv2: new ElasticLoadBalancingV2Client(config),
    acm: new ACMClient(config),
    sts: new STSClient(config),
    wafv2: new WAFV2Client(config),
    // Shield is one service for all regions, in this one.
    shield: new ShieldClient(
      endpoint === undefined && requestHandler === undefined ? { ...config, region: 'us-east-1' } : config,
    ),
    tagging: new ResourceGroupsTaggingAPIClient(config),
  }
}

type Subnet = { readonly id: string; readonly zone: string; readonly cidr: string }
export type Place = {
  readonly vpcId: string
  /** One in each of at least two zones, from which the internet is reached. */
  readonly subnets: readonly Subnet[]
}

/** The VPC given, else the default one, else the only one. */
export async function placeIn({ ec2 }: Clients, wanted?: string): Promise<Place> {
  const { Vpcs = [] } = await ec2.send(
    new DescribeVpcsCommand(wanted === undefined ? {} : { VpcIds: [wanted] }),
  )
  const vpc = Vpcs.find(({ IsDefault }) => IsDefault) ?? Vpcs[0]
  const vpcId = vpc?.VpcId
  if (vpcId === undefined) throw new Error('there is no VPC to build in: name one with --vpc')
  const filters = [{ Name: 'vpc-id', Values: [vpcId] }]
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ Filters: filters }))
  const byZone = new Map<string, Subnet>()
  // Tagged ones first: they are meant for load balancers.
  const rank = (tags: readonly { Key?: string | undefined }[] = []): number =>
    tags.some(({ Key }) => Key === 'kubernetes.io/role/elb') ? 0 : 1
  const ordered = Subnets.toSorted(
    (a, b) => rank(a.Tags) - rank(b.Tags) || ((a.SubnetId ?? '') < (b.SubnetId ?? '') ? -1 : 1),
  )
  for (const { SubnetId: id = '', AvailabilityZone: zone = '', CidrBlock: cidr = '' } of ordered)
    if (!byZone.has(zone)) byZone.set(zone, { id, zone, cidr })
  const { InternetGateways = [] } = await ec2.send(
    new DescribeInternetGatewaysCommand({ Filters: [{ Name: 'attachment.vpc-id', Values: [vpcId] }] }),
  )
  if (byZone.size < 2 || InternetGateways.length === 0)
    throw new Error(
      `VPC ${vpcId} needs subnets in two zones and an internet gateway; name another one with --vpc`,
    )
  return { vpcId, subnets: [...byZone.values()].slice(0, 3) }
}

/** An emulator's default VPC has no internet gateway, as one in AWS has. */
export async function openDefaultVpc({ ec2 }: Clients): Promise<void> {
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}))
  const VpcId = Vpcs.find(({ IsDefault }) => IsDefault)?.VpcId
  const { InternetGateways = [] } = await ec2.send(new DescribeInternetGatewaysCommand({}))
  const isOpen = InternetGateways.some(({ Attachments = [] }) =>
    Attachments.some((one) => one.VpcId === VpcId),
  )
  if (VpcId === undefined || isOpen) return
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}))
  await ec2.send(
    new AttachInternetGatewayCommand({ VpcId, InternetGatewayId: InternetGateway?.InternetGatewayId }),
  )
}
