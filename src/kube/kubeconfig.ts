/** Where the API server is and who we are: kubeconfig or in-cluster, by client-node's own parsers and authenticators. */
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import type { Cluster, Context, User } from '@kubernetes/client-node/dist/config_types.js'
import { parse } from 'yaml'

export type KubeConfig = {
  readonly cluster: Cluster
  readonly user: User
  /** The context's namespace, or the pod's own. */
  readonly namespace: string
}
export type KubeConfigChoice = {
  /** A kubeconfig file; without it: $KUBECONFIG, ~/.kube/config, then the pod's service account. */
  readonly path?: string | undefined
  readonly context?: string | undefined
  /** Replaces the server's address, as ALBC's and kubectl's `--master` and `--server` do. */
  readonly server?: string | undefined
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'

function inCluster(root = serviceAccount): KubeConfig {
  const host = process.env['KUBERNETES_SERVICE_HOST'] ?? ''
  const port = process.env['KUBERNETES_SERVICE_PORT'] ?? '443'
  const namespaceFile = join(root, 'namespace')
  return {
    cluster: {
      name: 'in-cluster',
      server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
      caFile: join(root, 'ca.crt'),
      skipTLSVerify: false,
    },
    user: {
      name: 'in-cluster',
      authProvider: { name: 'tokenFile', config: { tokenFile: join(root, 'token') } },
    },
    namespace: existsSync(namespaceFile) ? readFileSync(namespaceFile, 'utf8').trim() : 'default',
  }
}

type Parsed = {
  readonly clusters: Cluster[]
  readonly users: User[]
  readonly contexts: Context[]
  readonly current: string
}

const absolute = <Key extends string>(
  of: { [key in Key]?: string },
  keys: readonly Key[],
  folder: string,
): void => {
  for (const key of keys) {
    const file = of[key]
    if (file && !isAbsolute(file)) of[key] = join(folder, file)
  }
}

type RawUser = { readonly name?: string; readonly user?: { readonly tokenFile?: string } }

/** A user's `tokenFile`, which client-node's parser drops; it counts before `token`, as with kubectl. */
function withTokenFiles(users: readonly User[], raw: unknown, folder: string): User[] {
  const files = new Map(
    (Array.isArray(raw) ? (raw as RawUser[]) : []).map((one) => [one.name, one.user?.tokenFile]),
  )
  return users.map(({ token, ...user }) => {
    const file = { tokenFile: files.get(user.name) ?? '' }
    if (file.tokenFile === '') return token === undefined ? user : { ...user, token }
    absolute(file, ['tokenFile'], folder)
    return { ...user, authProvider: { name: 'tokenFile', config: file } }
  })
}

async function readFile(path: string): Promise<Parsed> {
  const { newClusters, newContexts, newUsers } = await import('@kubernetes/client-node/dist/config_types.js')
  const text: unknown = parse(readFileSync(path, 'utf8'))
  if (typeof text !== 'object' || text === null) throw new Error(`${path}: not a kubeconfig`)
  const file = text as Record<string, unknown>
  const clusters = newClusters(file['clusters'])
  const users = withTokenFiles(newUsers(file['users']), file['users'], dirname(path))
  for (const cluster of clusters) absolute(cluster, ['caFile'], dirname(path))
  for (const user of users) absolute(user, ['certFile', 'keyFile'], dirname(path))
  const current = file['current-context']
  return {
    clusters,
    users,
    contexts: newContexts(file['contexts']),
    current: typeof current === 'string' ? current : '',
  }
}

/** Of files that say different things under one name, the first counts, as with kubectl. */
async function readFiles(paths: readonly string[], choice: KubeConfigChoice): Promise<KubeConfig> {
  const files = await Promise.all(paths.map(readFile))
  const wanted = choice.context ?? (files.find(({ current }) => current)?.current || '')
  const context = files.flatMap(({ contexts }) => contexts).find(({ name }) => name === wanted)
  if (!context) throw new Error(`${paths.join(', ')}: no context named "${wanted}"`)
  const cluster = files.flatMap(({ clusters }) => clusters).find(({ name }) => name === context.cluster)
  if (!cluster) throw new Error(`${paths.join(', ')}: no cluster named "${context.cluster}"`)
  const user = files.flatMap(({ users }) => users).find(({ name }) => name === context.user)
  return { cluster, user: user ?? { name: '' }, namespace: context.namespace ?? 'default' }
}

/** Throws with a sentence when there is nothing to be found, or it is no kubeconfig. */
export async function loadKubeConfig(choice: KubeConfigChoice = {}): Promise<KubeConfig> {
  const found = await findKubeConfig(choice)
  return choice.server ? { ...found, cluster: { ...found.cluster, server: choice.server } } : found
}

async function findKubeConfig(choice: KubeConfigChoice): Promise<KubeConfig> {
  if (choice.path) return readFiles([choice.path], choice)
  const listed = (process.env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path && existsSync(path))
  if (listed.length) return readFiles(listed, choice)
  const home = join(homedir(), '.kube', 'config')
  if (existsSync(home)) return readFiles([home], choice)
  if (process.env['KUBERNETES_SERVICE_HOST'] && existsSync(join(serviceAccount, 'token'))) return inCluster()
  throw new Error(
    'no cluster to talk to: give --kubeconfig, set KUBECONFIG, or run in a pod with a service account',
  )
}
