/** `npm run localstack`: the local AWS on a port of its own, with a VPC as EKS tags it and load balancers that answer. */
import { parseArgs } from 'node:util'
import { startDataPlane } from './alb/data-plane.ts'
import { keepHostsFile } from './alb/hosts-file.ts'
import { createLoopback } from './alb/loopback.ts'
import { createCloud } from './aws/cloud.ts'
import { listen } from './aws/listen.ts'
import { seedVpc } from './aws/seed.ts'
import { timings } from './timing.ts'

function options() {
  try {
    return parseArgs({
      options: {
        port: { type: 'string', default: '4566' },
        // In a container: its ports are published on the loopback address of the machine.
        host: { type: 'string', default: '127.0.0.1' },
        timing: { type: 'string', default: 'sandbox' },
        region: { type: 'string', default: 'eu-west-1' },
        account: { type: 'string', default: '123456789012' },
        'cluster-name': { type: 'string', default: 'workshop' },
        'hosts-file': { type: 'string' },
      },
    }).values
  } catch (error) {
    console.error((error as Error).message)
    process.exit(2)
  }
}

const values = options()
const timing = values.timing === 'aws' || values.timing === 'sandbox' ? timings[values.timing] : undefined
if (!timing) {
  console.error(`--timing=${values.timing}: must be sandbox or aws`)
  process.exit(2)
}
const port = Number(values.port)
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`--port=${values.port}: must be a number from 0 to 65535`)
  process.exit(2)
}

const cloud = createCloud({
  timing,
  seed: (account) => {
    seedVpc(account, { clusterName: values['cluster-name'] })
  },
})
// It lives through resets, so what follows it attaches once.
const account = cloud.account(values.account, values.region)
const plane = startDataPlane({ account, network: await createLoopback(), timing })
const hostsFile = values['hosts-file'] === undefined ? undefined : keepHostsFile(values['hosts-file'], plane)
await hostsFile?.written().catch((error: Error) => {
  console.error(`--hosts-file=${values['hosts-file']}: ${error.message}`)
  process.exit(1)
})
const { host } = values
const server = await listen(cloud.handle, { port, host }).catch((error: Error) => {
  console.error(`cannot listen on ${host}:${port}: ${error.message}`)
  process.exit(1)
})

console.log(`AWS_ENDPOINT_URL=${server.url}`)
console.log(`AWS_REGION=${account.region}`)
console.log(`AWS_ACCESS_KEY_ID=${account.id}`)
console.log('AWS_SECRET_ACCESS_KEY=local')
console.log(`# VPC ${[...account.vpcs.keys()].join(', ')}, tagged for cluster ${values['cluster-name']}`)
console.log(
  `# ${server.url}/_local/journal and /_local/state show what happened; POST /_local/fault and /_local/reset change it`,
)

console.log(
  '# each load balancer answers on a loopback address of its own; --hosts-file=<path> keeps their names and addresses',
)

async function stop(): Promise<void> {
  await hostsFile?.stop()
  await plane.stop()
  await server.close()
  process.exit(0)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
