/** Where in an AWS account there is room to build: a VPC with subnets in two zones, from which the internet is reached. */
import {
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  DescribeInternetGatewaysCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2'

type Subnet = { readonly id: string; readonly zone: string; readonly cidr: string }
export type Place = {
  readonly vpcId: string
  /** One in each of two or three zones. */
  readonly subnets: readonly Subnet[]
}

/** The VPC given, else the default one, else the only one. */
export async function placeIn(ec2: EC2Client, wanted?: string): Promise<Place> {
  const { Vpcs = [] } = await ec2.send(
    new DescribeVpcsCommand(wanted === undefined ? {} : { VpcIds: [wanted] }),
  )
  const vpc = Vpcs.find(({ IsDefault }) => IsDefault) ?? (Vpcs.length === 1 ? Vpcs[0] : undefined)
  const vpcId = vpc?.VpcId
  if (vpcId === undefined)
    throw new Error(`there are ${Vpcs.length} VPCs, and none is the default one: name one with --vpc=<id>`)
  const subnets = await subnetsOf(ec2, vpcId)
  const { InternetGateways = [] } = await ec2.send(
    new DescribeInternetGatewaysCommand({ Filters: [{ Name: 'attachment.vpc-id', Values: [vpcId] }] }),
  )
  if (subnets.length < 2 || InternetGateways.length === 0)
    throw new Error(
      `VPC ${vpcId} needs subnets in two zones and an internet gateway; name another one with --vpc=<id>`,
    )
  return { vpcId, subnets: subnets.slice(0, 3) }
}

async function subnetsOf(ec2: EC2Client, vpcId: string): Promise<Subnet[]> {
  const { Subnets = [] } = await ec2.send(
    new DescribeSubnetsCommand({ Filters: [{ Name: 'vpc-id', Values: [vpcId] }] }),
  )
  // Tagged ones first: they are meant for load balancers.
  const rank = (tags: readonly { Key?: string | undefined }[] = []): number =>
    tags.some(({ Key }) => Key === 'kubernetes.io/role/elb') ? 0 : 1
  const ordered = Subnets.toSorted(
    (a, b) => rank(a.Tags) - rank(b.Tags) || ((a.SubnetId ?? '') < (b.SubnetId ?? '') ? -1 : 1),
  )
  const byZone = new Map<string, Subnet>()
  for (const { SubnetId: id = '', AvailabilityZone: zone = '', CidrBlock: cidr = '' } of ordered)
    if (!byZone.has(zone)) byZone.set(zone, { id, zone, cidr })
  return [...byZone.values()]
}

/** An emulator's default VPC has no internet gateway, as one in AWS has. */
export async function openDefaultVpc(ec2: EC2Client): Promise<void> {
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
