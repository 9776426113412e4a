// AWS itself, by the SDK's own chain of credentials; or, as a rehearsal, an emulator in its place.
import { readFileSync } from 'node:fs'
import { ask } from '../../../localstack/scenario/ask.ts'
import type { Options } from '../aws/options.ts'
import { clientsOf, type Provider } from '../provider.ts'

type Given = Pick<Options, 'region' | 'endpoint' | 'hostsFile' | 'bundle' | 'throttle'>

export function aws({ region, endpoint, hostsFile, bundle, throttle }: Given): Provider {
  const environment = Object.fromEntries(
    Object.entries(process.env).flatMap(([key, value]) =>
      key.startsWith('AWS_') && value !== undefined ? [[key, value]] : [],
    ),
  )
  return {
    name: endpoint ?? 'AWS',
    region,
    // A load balancer takes minutes to come, and its network interfaces minutes to go.
    patienceMs: endpoint === undefined ? 15 * 60_000 : 30_000,
    clients: clientsOf({ region, ...(endpoint === undefined ? {} : { endpoint }) }),
    aws: { ...environment, ...(endpoint === undefined ? {} : { AWS_ENDPOINT_URL: endpoint }) },
    ...(bundle === undefined ? {} : { bundle }),
    ...(throttle ? { provokes: true } : {}),
    ask: ({ name, port, secure, path = '/', host = name, headers }) =>
      ask({ host: hostOf(name, hostsFile), port }, host, path, {
        ...(headers ? { headers } : {}),
        ...(secure ? { tls: {} } : {}),
      }),
    stop: async () => undefined,
  }
}

function hostOf(name: string, hostsFile: string | undefined): string {
  if (hostsFile === undefined) return name
  const line = readFileSync(hostsFile, 'utf8')
    .split('\n')
    .find((one) => one.endsWith(`\t${name}`))
  if (line === undefined) throw new Error(`${name} answers nowhere yet`)
  return line.split('\t')[0] ?? name
}
