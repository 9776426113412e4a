// The local AWS, in this process.
import { startDataPlane } from '../../../localstack/alb/data-plane.ts'
import { createLoopback } from '../../../localstack/alb/loopback.ts'
import { createCloud } from '../../../localstack/aws/cloud.ts'
import { inProcess } from '../../../localstack/aws/in-process.ts'
import { seedVpc } from '../../../localstack/aws/seed.ts'
import { timings } from '../../../localstack/timing.ts'
import { clientsOf, type Provider } from '../provider.ts'

const region = 'eu-west-1'
const account = '123456789012'

export async function embedded(): Promise<Provider> {
  const cloud = createCloud({
    timing: { ...timings.instant, loadBalancerActiveMs: 20 },
    seed: (made) => {
      seedVpc(made, { clusterName: 'contract' })
    },
  })
  const network = await createLoopback()
  const plane = startDataPlane({ account: cloud.account(account, region), network, timing: timings.instant })
  const clients = clientsOf({
    region,
    requestHandler: inProcess(cloud.handle),
    credentials: { accessKeyId: account, secretAccessKey: 'local' },
  })
  return {
    name: 'the local AWS',
    region,
    patienceMs: 5_000,
    clients,
    calls: () => new Set(cloud.journal.since().map(({ action }) => action)),
    stop: () => plane.stop(),
  }
}
