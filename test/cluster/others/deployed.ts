/** The controller as its Deployment states it: those arguments, variables and that service account; by a process, since no kubelet is here. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { record } from '../../records.ts'
import type { Client } from '../client.ts'
import { type Cluster, kubeconfigOf } from '../cluster.ts'

const root = resolve(import.meta.dirname, '../../..')
const guard = join(root, 'localstack/scenario/guard.ts')

export type Deployment = {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly serviceAccountName: string
        readonly containers: readonly {
          readonly args: readonly string[]
          readonly env?: readonly { readonly name: string; readonly value?: string }[]
        }[]
      }
    }
  }
}
export type Process = {
  readonly args: readonly string[]
  /** Of the service account, as the kubelet would mount it. */
  readonly token: string
  /** Its lines so far. */
  log(): string
  /** SIGTERM; answers with how it ended, and after how many ms. */
  stop(): Promise<{ readonly code: number | null; readonly ms: number }>
}
type Given = {
  readonly kube: Client
  readonly cluster: Cluster
  readonly awsUrl: string
  readonly deployment: Deployment
  /** In place of the same ones of the Deployment: ports that this machine has free. */
  readonly flags?: readonly string[]
}

export async function startDeployed({
  kube,
  cluster,
  awsUrl,
  deployment,
  flags = [],
}: Given): Promise<Process> {
  const { namespace } = deployment.metadata
  const { serviceAccountName, containers } = deployment.spec.template.spec
  const [container] = containers
  assert.ok(container !== undefined)
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccountName}`
  const tokenFor = async (audiences?: readonly string[]): Promise<string> => {
    const spec = { expirationSeconds: 3600, ...(audiences ? { audiences } : {}) }
    const { status, body } = await kube.call('POST', `${account}/token`, { spec })
    assert.equal(status, 201, JSON.stringify(body))
    return (body as { status: { token: string } }).status.token
  }
  const directory = mkdtempSync(join(tmpdir(), 'deployed-'))
  const at = (file: string, text: string): string => {
    writeFileSync(join(directory, file), text, { mode: 0o600 })
    return join(directory, file)
  }
  const token = await tokenFor()
  const identity = await roleOf(kube, account)
  const env = {
    ...Object.fromEntries((container.env ?? []).map(({ name, value = '' }) => [name, value])),
    // What the webhook of EKS adds to pods whose service account names a role.
    ...(identity === undefined
      ? { AWS_ACCESS_KEY_ID: 'CONTROLLER', AWS_SECRET_ACCESS_KEY: 'local' }
      : {
          AWS_ROLE_ARN: identity,
          AWS_WEB_IDENTITY_TOKEN_FILE: at('web-identity', await tokenFor(['sts.amazonaws.com'])),
        }),
    AWS_ENDPOINT_URL: awsUrl,
    KUBECONFIG: at('kubeconfig', inPod(cluster, namespace, at('token', token))),
  }
  // All interfaces within a pod; here they would be the machine's.
  const args = container.args.map((arg) => arg.replace('=0.0.0.0:', '=127.0.0.1:'))
  const child = spawn(process.execPath, ['--import', guard, join(root, 'src/main.ts'), ...args, ...flags], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: directory, ...env },
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (log += String(text)))
  const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
  return {
    args: container.args,
    token,
    log: () => log,
    stop: async () => {
      const began = performance.now()
      child.kill('SIGTERM')
      const code = await ended
      record('log', log)
      rmSync(directory, { recursive: true, force: true })
      return { code, ms: Math.round(performance.now() - began) }
    },
  }
}

async function roleOf(kube: Client, account: string): Promise<string | undefined> {
  const { body } = await kube.call('GET', account)
  const { annotations } = (body as { metadata: { annotations?: Record<string, string> } }).metadata
  return annotations?.['eks.amazonaws.com/role-arn']
}

/** What a pod finds in its folder of the service account. */
function inPod({ server, ca }: Cluster, namespace: string, tokenFile: string): string {
  const config = JSON.parse(kubeconfigOf(server, ca, { tokenFile })) as { contexts: { context: object }[] }
  for (const named of config.contexts) named.context = { ...named.context, namespace }
  return JSON.stringify(config)
}
