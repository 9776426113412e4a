/** The controller and everything it talks to in one process: the local AWS, its data plane, the local cluster and pods. */
import pino from 'pino'
import { inProcess } from '../localstack/aws/in-process.ts'
import { ask, type AskOptions } from '../localstack/scenario/ask.ts'
import type { Answer } from '../localstack/scenario/scenario.ts'
import { startSystem, type System, type SystemOptions } from '../localstack/scenario/system.ts'
import { written } from '../localstack/scenario/untold.ts'
import { type Timing, timings } from '../localstack/timing.ts'
import { readConfig } from '../src/config.ts'
import { type Running, start } from '../src/start.ts'
import { record } from './records.ts'

const clusterName = 'demo'
const region = 'eu-west-1'

export type TestWorld = Awaited<ReturnType<typeof startSystem>> & {
  /** Starts a controller; several at once are several replicas, without election unless a flag says so. */
  controller(flags?: readonly string[], accessKeyId?: string): Running
  request(dnsName: string, path: string, host?: string): Promise<Answer>
  /** At port 443. */
  secureRequest(
    dnsName: string,
    path: string,
    options?: AskOptions & { readonly host?: string },
  ): Promise<Answer>
  /** Log lines of all controllers so far, parsed. */
  readonly logs: readonly {
    readonly level: number
    readonly msg: string
    readonly [field: string]: unknown
  }[]
  /** Stops the controllers, then the rest. */
  end(): Promise<void>
}

export async function startTestWorld(
  timing: Timing = timings.instant,
  more: Pick<SystemOptions, 'addresses' | 'onlookers' | 'policiesOf' | 'onFailure'> = {},
): Promise<TestWorld> {
  const system = await startSystem({ clusterName, region, timing, ...more })
  const running: Running[] = []
  const logs: { level: number; msg: string }[] = []
  const write = (line: string): void => {
    record('log', line)
    logs.push(JSON.parse(line))
  }
  const log = pino({ level: 'debug', base: null }, { write })
  return {
    ...system,
    logs,
    controller: (flags = [], accessKeyId = 'CONTROLLER') => {
      const config = readConfig(
        [
          `--cluster-name=${clusterName}`,
          `--aws-region=${region}`,
          `--aws-vpc-id=${system.vpcId}`,
          '--enable-leader-election=false',
          // As quick as load balancers and pods are here.
          '--deregistration-propagation=1s',
          '--longest-request=0s',
          ...flags,
        ],
        {},
      )
      if (!config.ok) throw new Error(config.error.join('\n'))
      const credentials = { accessKeyId, secretAccessKey: 'local' }
      const aws = { requestHandler: inProcess(system.cloud.handle), credentials }
      const controller = start({ config: config.value, kube: system.api.handle, aws, log })
      running.push(controller)
      return controller
    },
    request: (dnsName, path, host = dnsName) => ask(system.addressOf(dnsName, 80), host, path),
    secureRequest: (dnsName, path, { host = dnsName, ...how } = {}) =>
      ask(system.addressOf(dnsName, 443), host, path, { tls: {}, ...how }),
    end: async () => {
      for (const controller of running) {
        record('metrics', controller.metrics())
        await controller.stop()
      }
      await recordObjects(system.kube)
      await system.stop()
    },
  }
}

/** What a controller writes; what a test still keeps from being read is read elsewhere. */
export async function recordObjects(kube: System['kube']): Promise<void> {
  for (const path of [...written, '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'])
    record('objects', JSON.stringify(await kube.list(path).catch(() => [])))
}

/** Looks every few milliseconds until `look` doesn't throw; its last error is the test's. */
export async function eventually<T>(look: () => T | Promise<T>, withinMs = 5_000): Promise<T> {
  const end = Date.now() + withinMs
  for (;;) {
    try {
      return await look()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}
