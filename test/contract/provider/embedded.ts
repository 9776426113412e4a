// The local AWS, in this process; the controller's process reaches it over a port.
import { startDataPlane } from '../../../localstack/alb/data-plane.ts'
import { createLoopback } from '../../../localstack/alb/loopback.ts'
import { selfSigned } from '../../../localstack/aws/acm/self-signed.ts'
import { createCloud } from '../../../localstack/aws/cloud.ts'
import { inProcess } from '../../../localstack/aws/in-process.ts'
import { listen } from '../../../localstack/aws/listen.ts'
import { seedVpc } from '../../../localstack/aws/seed.ts'
import { ask } from '../../../localstack/scenario/ask.ts'
import { type Timing, timings } from '../../../localstack/timing.ts'
import { clientsOf, type Provider } from '../provider.ts'

const region = 'eu-west-1'
const accountId = '123456789012'
const day = 24 * 3600 * 1000

/** All that can be immediate is, but what a check has to see on its way. */
const quick: Timing = {
  ...timings.instant,
  loadBalancerActiveMs: 3_000,
  drainScale: 0.003,
  certificateIssueMs: 60_000,
}

/** With load balancers that answer, a subscription of Shield, and a bundle of certificates in S3. */
export async function startLocal(timing: Timing = quick) {
  const cloud = createCloud({
    timing,
    seed: (made) => {
      seedVpc(made, { clusterName: 'contract' })
    },
  })
  const account = cloud.account(accountId, region)
  account.shieldSubscription = 'ACTIVE'
  const bundle = { bucket: 'contract', key: 'authorities.pem' }
  const [notBefore, notAfter] = [new Date(Date.now() - day), new Date(Date.now() + 30 * day)]
  account.objects.set(
    `${bundle.bucket}/${bundle.key}`,
    selfSigned({ names: ['Contract CA'], notBefore, notAfter }).certificate,
  )
  const plane = startDataPlane({ account, network: await createLoopback(), timing })
  const port = await listen(cloud.handle)
  return {
    cloud,
    account,
    plane,
    bundle,
    region,
    url: port.url,
    stop: async () => {
      await port.close()
      await plane.stop()
    },
  }
}

export async function embedded(): Promise<Provider> {
  const { cloud, account, plane, bundle, url, stop } = await startLocal()
  const credentials = { accessKeyId: accountId, secretAccessKey: 'local' }
  const clients = clientsOf({ region, requestHandler: inProcess(cloud.handle), credentials })
  return {
    name: 'the local AWS',
    region,
    patienceMs: 30_000,
    clients,
    bundle,
    aws: {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    ask: ({ name, port: at, secure, path = '/', host = name, headers }) => {
      const found = [...account.loadBalancers.values()].find(({ wire }) => wire.DNSName === name)
      const address = found === undefined ? undefined : plane.addressOf(found.arn, at)
      if (address === undefined) throw new Error(`${name}:${at} answers nowhere yet`)
      return ask(address, host, path, { ...(headers ? { headers } : {}), ...(secure ? { tls: {} } : {}) })
    },
    calls: () => new Set(cloud.journal.since().map(({ action }) => action)),
    stop,
  }
}
