/** A real API server behind the same `Handle` as the one in memory: by a kubeconfig with a token or a client certificate. */
import { readFileSync } from 'node:fs'
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { parse } from 'yaml'
import type { Handle, HttpRequest, HttpResponse } from '../../src/lib/http.ts'

export type Remote = { readonly handle: Handle; close(): void }

type Named<K extends string, T> = { readonly name: string } & Readonly<Record<K, T>>
type Cluster = {
  readonly server: string
  readonly 'certificate-authority-data'?: string
  readonly 'certificate-authority'?: string
}
type User = {
  readonly token?: string
  readonly 'client-certificate-data'?: string
  readonly 'client-key-data'?: string
}
type KubeConfig = {
  readonly 'current-context': string
  readonly contexts: readonly Named<'context', { readonly cluster: string; readonly user: string }>[]
  readonly clusters: readonly Named<'cluster', Cluster>[]
  readonly users: readonly Named<'user', User>[]
}

export function remoteOf(path: string): Remote {
  const { cluster, user } = currentOf(parse(readFileSync(path, 'utf8')) as KubeConfig)
  const url = new URL(cluster.server)
  const secure = url.protocol === 'https:'
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, ...tlsOf(cluster, user) })
    : new HttpAgent({ keepAlive: true })
  const send = secure ? httpsRequest : httpRequest
  const authorization = user.token === undefined ? {} : { authorization: `Bearer ${user.token}` }
  const handle: Handle = (asked: HttpRequest) =>
    new Promise((resolve, reject) => {
      const { method, path: at, headers, body, signal } = asked
      // Without it node:http frames no body of a DELETE.
      const length = { 'content-length': String(Buffer.byteLength(body)) }
      const sent = send(
        {
          agent,
          host: url.hostname,
          port: url.port,
          method,
          path: at,
          headers: { ...headers, ...length, ...authorization },
          ...(signal ? { signal } : {}),
        },
        (response) => resolve(answerOf(response)),
      )
      sent.on('error', reject)
      sent.end(body)
    })
  return { handle, close: () => agent.destroy() }
}

function answerOf(response: IncomingMessage): HttpResponse {
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )
  return { status: response.statusCode ?? 0, headers, body: response }
}

function currentOf(config: KubeConfig): { readonly cluster: Cluster; readonly user: User } {
  const context = config.contexts.find(({ name }) => name === config['current-context'])?.context
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster
  const user = config.users.find(({ name }) => name === context?.user)?.user
  if (cluster === undefined || user === undefined)
    throw new Error('the kubeconfig has no current context with a cluster and a user')
  return { cluster, user }
}

function tlsOf(cluster: Cluster, user: User): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  const decoded = (text: string | undefined): Buffer | undefined =>
    text === undefined ? undefined : Buffer.from(text, 'base64')
  const file = cluster['certificate-authority']
  const ca =
    decoded(cluster['certificate-authority-data']) ?? (file === undefined ? undefined : readFileSync(file))
  const cert = decoded(user['client-certificate-data'])
  const key = decoded(user['client-key-data'])
  return { ...(ca ? { ca } : {}), ...(cert && key ? { cert, key } : {}) }
}
