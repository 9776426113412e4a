/** Another emulator to play on: what it takes to talk to it. */
import { EC2Client } from '@aws-sdk/client-ec2'
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { type RunningElsewhere, startElsewhere } from './elsewhere.ts'
import { openDefaultVpc, placeIn } from './place.ts'

type Options = {
  readonly endpoint: string
  readonly region: string
  /** Absent: the default one. */
  readonly vpc?: string | undefined
  readonly kubeconfig?: string | undefined
}

/** Its credentials are those of the environment, else any. */
export async function startOnEmulator({
  endpoint,
  region,
  vpc,
  kubeconfig,
}: Options): Promise<RunningElsewhere> {
  const accessKeyId = process.env['AWS_ACCESS_KEY_ID'] ?? 'test'
  const secretAccessKey = process.env['AWS_SECRET_ACCESS_KEY'] ?? 'test'
  const config = { region, endpoint, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 8 }
  const clients = { ec2: new EC2Client(config), elbv2: new ElasticLoadBalancingV2Client(config) }
  if (vpc === undefined) await openDefaultVpc(clients.ec2)
  return startElsewhere({
    // A name of its own, as what is left of another run is not this one's.
    clusterName: `sandbox-${Date.now().toString(36)}`,
    region,
    place: await placeIn(clients.ec2, vpc),
    clients,
    aws: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
    patienceMs: 60_000,
    kubeconfig,
  })
}
