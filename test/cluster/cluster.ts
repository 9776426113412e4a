/** A real etcd and kube-apiserver on loopback, started from local binaries; they die with this process, also after SIGKILL. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Handle } from '../../src/lib/http.ts'
import { remoteOf } from '../../localstack/kube/remote.ts'
import { textOf } from '../../localstack/pods/api.ts'

const token = 'admin-token'

// The wrapper ends the server when its stdin ends, which is when we are gone. exec keeps the process id.
const guard =
  'exec 3<&0; { cat <&3 >/dev/null; kill -9 $$; } 2>/dev/null >/dev/null & exec "$@" </dev/null 3<&-'

export type Cluster = { readonly kubeconfig: string; stop(): Promise<void> }
type Server = { readonly name: string; readonly child: ChildProcess }

/** `KUBEBUILDER_ASSETS` has etcd and kube-apiserver already, or they are built: minutes the first time, then cached. */
export function binaries(): string {
  const assets = process.env['KUBEBUILDER_ASSETS']
  if (assets !== undefined) return assets
  const built = spawnSync('sh', [join(import.meta.dirname, 'build.sh')], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  assert.equal(built.status, 0, `building the API server failed (it needs Go 1.26): ${built.stderr}`)
  return built.stdout.trim()
}

export async function startCluster(binaries: string): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), 'cluster-'))
  const servers: Server[] = []
  const at = (file: string): string => join(directory, file)
  const run = (name: string, args: readonly string[]): void => {
    const log = openSync(at(`${name}.log`), 'a')
    const child = spawn('/bin/sh', ['-c', guard, 'sh', join(binaries, name), ...args], {
      stdio: ['pipe', log, log],
      cwd: directory,
    })
    closeSync(log)
    servers.push({ name, child })
  }
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map(({ child }) => ended(child)))
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const [etcd = 0, peer = 0, port = 0, manager = 0] = await freePorts(4)
    writeKeys(at)
    run('etcd', etcdFlags({ at, etcd, peer }))
    run('kube-apiserver', apiServerFlags({ at, etcd, port }))
    const words = (): string =>
      servers
        .map(({ name }) => `--- ${name}\n${readFileSync(at(`${name}.log`), 'utf8').slice(-2000)}`)
        .join('\n')
    const ca = await until(words, async () => {
      const text = readFileSync(at('pki/apiserver.crt'), 'utf8')
      if (!text.includes('END CERTIFICATE')) throw new Error('no certificate yet')
      return text
    })
    const server = `https://127.0.0.1:${port}`
    await until(words, () => ready(`${server}/readyz`, ca))
    writeFileSync(at('kubeconfig'), JSON.stringify(kubeconfigOf(server, ca)), { mode: 0o600 })
    // What is not played by the sandbox itself: deletion of owned objects and of namespaces, and whether CEL type-checks.
    run('kube-controller-manager', managerFlags(at, manager))
    return { kubeconfig: at('kubeconfig'), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<net.Server>((resolve, reject) => {
          const server = net
            .createServer()
            .once('error', reject)
            .listen(0, '127.0.0.1', () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

type At = (file: string) => string

function writeKeys(at: At): void {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  writeFileSync(at('sa.key'), pair.privateKey, { mode: 0o600 })
  writeFileSync(at('sa.pub'), pair.publicKey)
  writeFileSync(at('tokens.csv'), `${token},admin,1,"system:masters"\n`, { mode: 0o600 })
}

const etcdFlags = ({ at, etcd, peer }: { at: At; etcd: number; peer: number }): string[] => [
  '--data-dir',
  at('etcd'),
  '--listen-client-urls',
  `http://127.0.0.1:${etcd}`,
  '--advertise-client-urls',
  `http://127.0.0.1:${etcd}`,
  '--listen-peer-urls',
  `http://127.0.0.1:${peer}`,
  '--initial-advertise-peer-urls',
  `http://127.0.0.1:${peer}`,
  '--initial-cluster',
  `default=http://127.0.0.1:${peer}`,
  '--unsafe-no-fsync',
  '--log-level=warn',
]

// Without --tls-cert-file the server writes a self-signed pair into --cert-dir.
const apiServerFlags = ({ at, etcd, port }: { at: At; etcd: number; port: number }): string[] => [
  '--etcd-servers',
  `http://127.0.0.1:${etcd}`,
  '--bind-address=127.0.0.1',
  '--advertise-address=127.0.0.1',
  `--secure-port=${port}`,
  '--cert-dir',
  at('pki'),
  '--token-auth-file',
  at('tokens.csv'),
  '--authorization-mode=RBAC',
  '--service-account-issuer=https://kubernetes.default.svc',
  '--service-account-key-file',
  at('sa.pub'),
  '--service-account-signing-key-file',
  at('sa.key'),
  '--service-cluster-ip-range=10.96.0.0/16',
  '--endpoint-reconciler-type=none',
  '--disable-admission-plugins=ServiceAccount,TaintNodesByCondition',
]

const managerFlags = (at: At, port: number): string[] => [
  '--kubeconfig',
  at('kubeconfig'),
  '--controllers=garbage-collector-controller,namespace-controller,validatingadmissionpolicy-status-controller',
  '--leader-elect=false',
  '--service-account-private-key-file',
  at('sa.key'),
  '--bind-address=127.0.0.1',
  `--secure-port=${port}`,
  '--cert-dir',
  at('manager'),
]

async function until<T>(words: () => string, look: () => Promise<T>): Promise<T> {
  const end = Date.now() + 60_000
  for (;;) {
    try {
      return await look()
    } catch (error) {
      if (Date.now() > end) throw new Error(`the API server did not start: ${String(error)}\n${words()}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

const ready = (url: string, ca: string): Promise<void> =>
  new Promise((resolve, reject) => {
    https
      .get(url, { ca, agent: false, headers: { authorization: `Bearer ${token}` } }, (response) => {
        response.resume()
        if (response.statusCode === 200) resolve()
        else reject(new Error(`/readyz: ${response.statusCode}`))
      })
      .on('error', reject)
  })

const kubeconfigOf = (server: string, ca: string): object => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'local',
  clusters: [
    { name: 'local', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } },
  ],
  users: [{ name: 'admin', user: { token } }],
  contexts: [{ name: 'local', context: { cluster: 'local', user: 'admin' } }],
})

export type Answer = { readonly status: number; readonly body: unknown; readonly warnings: readonly string[] }
export type Client = {
  readonly handle: Handle
  call(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer>
  close(): void
}

/** Asks the real server as a test wants it: JSON in, status, JSON and warnings out. */
export function clientOf(kubeconfig: string): Client {
  const remote = remoteOf(kubeconfig)
  const { handle } = remote
  return {
    handle,
    close: () => remote.close(),
    call: async (method, path, body, contentType = 'application/json') => {
      const response = await handle({
        method,
        path,
        headers: { 'content-type': contentType, accept: 'application/json', 'user-agent': 'test' },
        body: body === undefined ? '' : JSON.stringify(body),
      })
      const text = await textOf(response.body)
      const warnings = [...(response.headers['warning'] ?? '').matchAll(/299 \S+ ("(?:[^"\\]|\\.)*")/g)]
      return {
        status: response.status,
        body: JSON.parse(text) as unknown,
        warnings: warnings.map(([, quoted = '""']) => JSON.parse(quoted) as string),
      }
    },
  }
}
