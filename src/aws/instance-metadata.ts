/**
 * The instance metadata service, version 2: a session token by PUT, then plain GETs (AWS: "Use the Instance Metadata Service").
 * From a pod the answer needs a hop limit of 2 on the instance. `AWS_EC2_METADATA_SERVICE_ENDPOINT` names another address,
 * `AWS_EC2_METADATA_DISABLED=true` forbids it, as for the SDK.
 */
const defaultEndpoint = 'http://169.254.169.254'
const timeoutMs = 1_000

type Answer = Promise<string | { readonly error: string }>
type InstanceMetadata = {
  region(): Answer
  /** The VPC of the instance's first network interface. */
  vpcId(): Answer
}

export function instanceMetadata(env: Readonly<Record<string, string | undefined>>): InstanceMetadata {
  const endpoint = (env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] ?? defaultEndpoint).replace(/\/$/, '')
  const read = async (path: string): Answer => {
    if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true')
      return { error: 'AWS_EC2_METADATA_DISABLED forbids to ask instance metadata' }
    try {
      const token = await text(`${endpoint}/latest/api/token`, {
        method: 'PUT',
        headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
      })
      return await text(`${endpoint}/latest/${path}`, { headers: { 'x-aws-ec2-metadata-token': token } })
    } catch (error) {
      return { error: `instance metadata at ${endpoint}: ${reasonOf(error)}` }
    }
  }
  return {
    region: () => read('meta-data/placement/region'),
    vpcId: async () => {
      const mac = await read('meta-data/mac')
      return typeof mac === 'string'
        ? await read(`meta-data/network/interfaces/macs/${mac.trim()}/vpc-id`)
        : mac
    },
  }
}

async function text(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) })
  if (!response.ok) throw new Error(`${new URL(url).pathname}: HTTP ${response.status}`)
  return (await response.text()).trim()
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`
  return error.cause instanceof Error ? error.cause.message : error.message
}
