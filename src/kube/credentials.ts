/** Headers and TLS material of one identity, refreshed by client-node's authenticators. */
import { readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import type { Authenticator } from '@kubernetes/client-node/dist/auth.js'
import type { KubeConfig } from './kubeconfig.ts'

export type Tls = {
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}
export type Credentials = { readonly headers: Readonly<Record<string, string>>; readonly tls: Tls }
/** `renewed` forgets what is cached: the server has refused it. */
export type CredentialSource = (renewed: boolean) => Promise<Credentials>

/** Files and tokens are looked at again this often; the kubelet gives a new token long before the old one ends. */
const freshMs = 30_000

const material = (file: string | undefined, data: string | undefined): Buffer | undefined =>
  file ? readFileSync(file) : data ? Buffer.from(data, 'base64') : undefined

/** Loaded one by one: client-node's config.js would bring its 914 models along (85 MB), which we never use. */
async function authenticatorOf({ user }: KubeConfig): Promise<Authenticator | undefined> {
  const { ExecAuth } = await import('@kubernetes/client-node/dist/exec_auth.js')
  const exec = new ExecAuth()
  if (exec.isAuthProvider(user)) return exec
  if (!user.authProvider) return undefined
  const { FileAuth } = await import('@kubernetes/client-node/dist/file_auth.js')
  const file = new FileAuth()
  if (file.isAuthProvider(user)) return file
  const { OpenIDConnectAuth } = await import('@kubernetes/client-node/dist/oidc_auth.js')
  const oidc = new OpenIDConnectAuth()
  if (oidc.isAuthProvider(user)) return oidc
  throw new Error(`kubeconfig user "${user.name}": its auth-provider is not supported; use exec`)
}

async function gather(config: KubeConfig, authenticator: Authenticator | undefined): Promise<Credentials> {
  const { cluster, user } = config
  const options: RequestOptions & { headers: Record<string, string> } = { headers: {} }
  if (authenticator) await authenticator.applyAuthentication(user, options)
  if (user.token) options.headers['Authorization'] = `Bearer ${user.token}`
  else if (user.username) {
    const basic = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')
    options.headers['Authorization'] = `Basic ${basic}`
  }
  const headers = Object.fromEntries(
    Object.entries(options.headers).map(([name, value]) => [name.toLowerCase(), value.trim()]),
  )
  const ca = material(cluster.caFile, cluster.caData)
  const cert = (options.cert as string | undefined) ?? material(user.certFile, user.certData)
  const key = (options.key as string | undefined) ?? material(user.keyFile, user.keyData)
  return {
    headers: user.impersonateUser ? { ...headers, 'impersonate-user': user.impersonateUser } : headers,
    tls: {
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
      ...(cluster.tlsServerName ? { servername: cluster.tlsServerName } : {}),
      ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
    },
  }
}

export function credentialSource(config: KubeConfig): CredentialSource {
  let authenticator: Promise<Authenticator | undefined> | undefined
  let held: { readonly since: number; readonly value: Promise<Credentials> } | undefined
  return (renewed) => {
    if (renewed) {
      authenticator = undefined
      held = undefined
    }
    if (held && Date.now() - held.since < freshMs) return held.value
    authenticator ??= authenticatorOf(config)
    const value = authenticator.then((found) => gather(config, found))
    const mine = { since: Date.now(), value }
    held = mine
    value.catch(() => {
      if (held === mine) {
        held = undefined
        authenticator = undefined
      }
    })
    return value
  }
}
