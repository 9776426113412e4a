/** A real etcd and kube-apiserver on loopback, started from local binaries; they die with this process, also after SIGKILL. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { apiServerFlags, type At, auditPolicy, etcdFlags, managerFlags } from './flags.ts'

const token = 'admin-token'
/** Whose requests are counted. */
const controllerUser = 'system:serviceaccount:kube-system:albatross'

// The wrapper ends the server when its stdin ends, which is when we are gone. exec keeps the process id.
// A signal to all of us must not end the wrapper first: an API server whose etcd is gone does not end by itself.
export const guard =
  'exec 3<&0; { trap "" TERM INT HUP; cat <&3 >/dev/null; kill -9 $$; } 2>/dev/null >/dev/null & exec "$@" </dev/null 3<&-'

export type Cluster = {
  /** Of an administrator. */
  readonly kubeconfig: string
  readonly server: string
  /** PEM of the server's certificate, which is its own authority. */
  readonly ca: string
  readonly etcdUrl: string
  /** In its folder, which goes with it. */
  at(file: string): string
  /** What it prints; rejects with what it says where it fails. */
  kubectl(...args: readonly string[]): Promise<string>
  /** SIGKILL; the port and etcd's data stay. */
  killApiServer(): Promise<void>
  startApiServer(): Promise<void>
  /** etcd forgets all that was before now. */
  compact(): Promise<void>
  stop(): Promise<void>
}
export type ClusterOptions = {
  /** More flags of the API server; of one given twice the last counts. */
  readonly apiServer?: readonly string[]
}

/** A port that was free may be taken a moment later: then with others. */
export async function startCluster(binaries: string, options: ClusterOptions = {}): Promise<Cluster> {
  for (let left = 2; ; left -= 1)
    try {
      return await startOnce(binaries, options)
    } catch (error) {
      if (left === 0 || !/address already in use/.test(String(error))) throw error
    }
}

async function startOnce(binaries: string, { apiServer = [] }: ClusterOptions): Promise<Cluster> {
  removeLeftovers()
  const directory = mkdtempSync(join(tmpdir(), prefix))
  const at = (file: string): string => join(directory, file)
  const processes = processesIn(binaries, directory)
  const { run } = processes
  const stop = async (): Promise<void> => {
    await processes.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const [etcd = 0, peer = 0, port = 0, manager = 0] = await freePorts(4)
    writeKeys(at)
    writeFileSync(at('audit-policy'), JSON.stringify(auditPolicy(controllerUser)))
    run('etcd', etcdFlags({ at, etcd, peer }))
    const server = `https://127.0.0.1:${port}`
    const startApiServer = async (): Promise<void> => {
      run('kube-apiserver', [...apiServerFlags({ at, etcd, port }), ...apiServer])
      await until(processes.words, () => ready(`${server}/readyz`, certificate(at)))
    }
    await startApiServer()
    const kubeconfig = at('kubeconfig')
    writeFileSync(kubeconfig, kubeconfigOf(server, certificate(at), { token }), { mode: 0o600 })
    // What is not played by the sandbox itself: deletion of owned objects and of namespaces, and whether CEL type-checks.
    if (hasManager(binaries)) run('kube-controller-manager', managerFlags(at, manager))
    return {
      kubeconfig,
      server,
      ca: certificate(at),
      etcdUrl: `http://127.0.0.1:${etcd}`,
      at,
      kubectl: (...args) => kubectl(binaries, kubeconfig, args),
      killApiServer: () => processes.kill('kube-apiserver'),
      startApiServer,
      compact: () => compact(`http://127.0.0.1:${etcd}`),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Those of `KUBEBUILDER_ASSETS` come without: nothing owned is deleted then, and no policy is type-checked. */
const hasManager = (binaries: string): boolean => existsSync(join(binaries, 'kube-controller-manager'))

type Processes = {
  readonly run: (name: string, args: readonly string[]) => void
  readonly kill: (name: string) => Promise<void>
  /** What each said last. */
  readonly words: () => string
  readonly stop: () => Promise<void>
}
function processesIn(binaries: string, directory: string): Processes {
  const children = new Map<string, ChildProcess>()
  return {
    run: (name, args) => {
      const log = openSync(join(directory, `${name}.log`), 'a')
      const child = spawn('/bin/sh', ['-c', guard, 'sh', join(binaries, name), ...args], {
        stdio: ['pipe', log, log],
        cwd: directory,
      })
      closeSync(log)
      children.set(name, child)
    },
    kill: async (name) => {
      const child = children.get(name)
      if (child) await ended(child)
    },
    words: () =>
      [...children.keys()]
        .map((name) => `--- ${name}\n${readFileSync(join(directory, `${name}.log`), 'utf8').slice(-2000)}`)
        .join('\n'),
    stop: async () => {
      await Promise.all([...children.values()].map(ended))
    },
  }
}

/** Not in step with us: what it waits for may be done in this process. */
const kubectl = async (binaries: string, kubeconfig: string, args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(join(binaries, 'kubectl'), ['--kubeconfig', kubeconfig, ...args])).stdout

async function compact(etcdUrl: string): Promise<void> {
  const post = async (path: string, body: object): Promise<{ header: { revision: string } }> => {
    const answer = await fetch(`${etcdUrl}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) })
    assert.equal(answer.status, 200, path)
    return (await answer.json()) as { header: { revision: string } }
  }
  const { header } = await post('kv/range', { key: Buffer.from('none').toString('base64') })
  await post('kv/compaction', { revision: header.revision, physical: true })
}

const prefix = 'albatross-cluster-'
const dayMs = 86_400_000
/** Folders of those who were killed before they could. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir()).filter((name) => name.startsWith(prefix))) {
    const path = join(tmpdir(), name)
    const old = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > dayMs
    if (old) rmSync(path, { recursive: true, force: true })
  }
}

/** The API server makes its own when it starts. */
function certificate(at: At): string {
  const text = readFileSync(at('pki/apiserver.crt'), 'utf8')
  if (!text.includes('END CERTIFICATE')) throw new Error('no certificate yet')
  return text
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

export const kubeconfigOf = (
  server: string,
  ca: string,
  user: { readonly token: string } | { readonly tokenFile: string },
): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'local',
    clusters: [
      {
        name: 'local',
        cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
      },
    ],
    users: [{ name: 'user', user }],
    contexts: [{ name: 'local', context: { cluster: 'local', user: 'user' } }],
  })
