/** Region and VPC of this cluster where neither flags nor environment say: from instance metadata, or the VPC by its tags. */
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { instanceMetadata } from './aws/instance-metadata.ts'
import { flagGiven } from './config.ts'
import { fail, ok, type Result } from './lib/result.ts'

type Environment = Readonly<Record<string, string | undefined>>
/** What is to be added to the arguments. */
type Found = readonly string[]

export async function findWhere(argv: readonly string[], env: Environment): Promise<Result<Found, string>> {
  const region = flagGiven('aws-region', argv, env)
  const vpc = flagGiven('aws-vpc-id', argv, env)
  const tags = flagGiven('aws-vpc-tags', argv, env)
  if (region !== undefined && vpc !== undefined) return ok([])
  const metadata = instanceMetadata(env)
  const foundRegion = region ?? (await metadata.region())
  if (typeof foundRegion !== 'string') return fail(lacks('aws-region', foundRegion.error))
  if (vpc !== undefined) return ok([`--aws-region=${foundRegion}`])
  const foundVpc = tags === undefined ? await metadata.vpcId() : await vpcByTags(foundRegion, tags)
  if (typeof foundVpc !== 'string') return fail(lacks('aws-vpc-id', foundVpc.error))
  return ok([...(region === undefined ? [`--aws-region=${foundRegion}`] : []), `--aws-vpc-id=${foundVpc}`])
}

const lacks = (flag: string, why: string): string =>
  `--${flag} is not given, and could not be found out: ${why}. Set the flag; in a pod, instance metadata needs a hop limit of 2, or hostNetwork`

/** Exactly one VPC must bear them all (as ALBC's --aws-vpc-tags). */
async function vpcByTags(region: string, text: string): Promise<string | { readonly error: string }> {
  const filters = text.split(',').map((pair) => {
    const [key = '', value = ''] = pair.split('=')
    return { Name: `tag:${key.trim()}`, Values: [value.trim()] }
  })
  const client = new EC2Client({ region, maxAttempts: 3 })
  try {
    const { Vpcs: vpcs = [] } = await client.send(new DescribeVpcsCommand({ Filters: filters }))
    const [only] = vpcs
    if (vpcs.length === 1 && only?.VpcId !== undefined) return only.VpcId
    return { error: `${vpcs.length} VPCs bear the tags ${text} of --aws-vpc-tags, not one` }
  } catch (error) {
    return { error: `ec2:DescribeVpcs: ${error instanceof Error ? error.message : String(error)}` }
  } finally {
    client.destroy()
  }
}
