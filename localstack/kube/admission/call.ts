/** Asks a webhook over HTTPS as an API server does: by URL or by Service, its certificate checked against caBundle, within its time. */
import { Agent, request } from 'node:https'
import { isIP } from 'node:net'
import { at, type Fields, fields, isFields, items, number, text } from '../object.ts'
import type { Store } from '../store.ts'

/** Where `ip:port` of the cluster is reached from here. */
export type Reach = (ip: string, port: number) => { readonly host: string; readonly port: number }
export type Caller = {
  /** The answer's `AdmissionReview`; throws what went wrong, in words. */
  ask(webhook: Fields, review: Fields): Promise<Fields>
  close(): void
}
type Place = {
  readonly url: URL
  /** The name that the certificate must bear. */
  readonly servername: string
  /** Where the connection goes. */
  readonly to: () => { readonly host: string; readonly port: number }
}

/** Real API servers keep an idle connection for as long. */
const idleMs = 90_000
const mostBytes = 3 << 20

export function createCaller(store: Store, reach: Reach): Caller {
  const agents = new Map<string, Agent>()
  const agentFor = (ca: string, { servername }: Place): Agent => {
    const key = JSON.stringify([ca, servername])
    const agent = agents.get(key) ?? new Agent({ keepAlive: true, timeout: idleMs })
    agents.set(key, agent)
    return agent
  }
  return {
    ask: async (webhook, review) => {
      const config = fields(webhook.clientConfig)
      const place = placeOf(store, config, reach)
      const ca = Buffer.from(text(config.caBundle), 'base64').toString()
      const seconds = number(webhook.timeoutSeconds) || 10
      place.url.searchParams.set('timeout', `${seconds}s`)
      try {
        const how = { ca, agent: agentFor(ca, place), timeoutMs: seconds * 1000 }
        return await post(place, review, how).catch((error: unknown) => {
          // As Go's client: a kept connection that had ended meanwhile is no answer.
          if (error instanceof EndedMeanwhile) return post(place, review, how)
          throw error
        })
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        throw new Error(`failed to call webhook: Post "${place.url.href}": ${why}`)
      }
    },
    close: () => {
      for (const agent of agents.values()) agent.destroy()
      agents.clear()
    },
  }
}

function placeOf(store: Store, config: Fields, reach: Reach): Place {
  if (config.url !== undefined) {
    const url = new URL(text(config.url))
    const host = url.hostname.replace(/^\[|\]$/g, '')
    return { url, servername: host, to: () => ({ host, port: Number(url.port || 443) }) }
  }
  const { name, namespace, path = '/', port = 443 } = fields(config.service)
  const servername = `${text(name)}.${text(namespace)}.svc`
  const url = new URL(`https://${servername}:${number(port)}${text(path)}`)
  return { url, servername, to: () => endpointOf(store, fields(config.service), reach) }
}

let turn = 0

/** One of the ready endpoints, by turns. */
function endpointOf(store: Store, service: Fields, reach: Reach): { host: string; port: number } {
  const [namespace, name] = [text(service.namespace), text(service.name)]
  const found = store.get('services', namespace, name)
  if (found === undefined) throw new Error(`service "${name}" not found`)
  const wanted = number(service.port) || 443
  const port = items(at(found.spec, 'ports'))
    .map(fields)
    .find((one) => one.port === wanted)
  if (port === undefined) throw new Error(`no service port ${wanted} found for service "${name}"`)
  const addresses = store
    .list('endpointslices.discovery.k8s.io', namespace)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
    .flatMap((slice) => {
      const named = items(slice.ports)
        .map(fields)
        .find((one) => text(one.name) === text(port.name))
      const ready = items(slice.endpoints)
        .map(fields)
        .filter((endpoint) => at(endpoint, 'conditions', 'ready') !== false)
      return named === undefined
        ? []
        : ready.map(({ addresses: [ip] = [] }: { addresses?: unknown[] }) => ({
            ip: text(ip),
            port: number(named.port),
          }))
    })
  const chosen = addresses[turn++ % Math.max(1, addresses.length)]
  if (chosen === undefined) throw new Error(`no endpoints available for service "${name}"`)
  return reach(chosen.ip, chosen.port)
}

class EndedMeanwhile extends Error {}
type How = { readonly ca: string; readonly agent: Agent; readonly timeoutMs: number }

function post(
  { url, servername, to }: Place,
  review: Fields,
  { ca, agent, timeoutMs }: How,
): Promise<Fields> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify(review)
    const sent = request(
      {
        ...to(),
        // What is verified is the name in the configuration, wherever the connection goes.
        ...(isIP(servername) === 0 ? { servername } : {}),
        path: url.pathname + url.search,
        method: 'POST',
        agent,
        ...(ca === '' ? {} : { ca }),
        headers: {
          host: url.host,
          'content-type': 'application/json',
          accept: 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'kube-apiserver-admission',
        },
      },
      (response) => {
        const chunks: Buffer[] = []
        let bytes = 0
        response.on('error', reject)
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > mostBytes) sent.destroy(new Error('the answer is too long'))
          else chunks.push(chunk)
        })
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString('utf8')
          if (response.statusCode !== 200)
            return reject(new Error(`the server answered ${response.statusCode}: ${answer.slice(0, 200)}`))
          try {
            const parsed: unknown = JSON.parse(answer)
            if (isFields(parsed)) return resolve(parsed)
          } catch {
            // Told below.
          }
          reject(new Error('the answer is no AdmissionReview'))
        })
      },
    )
    const timer = setTimeout(
      () =>
        sent.destroy(new Error('context deadline exceeded (Client.Timeout exceeded while awaiting headers)')),
      timeoutMs,
    )
    sent.on('close', () => clearTimeout(timer))
    sent.on('error', (error: NodeJS.ErrnoException) => {
      reject(sent.reusedSocket && error.code === 'ECONNRESET' ? new EndedMeanwhile() : error)
    })
    sent.end(body)
  })
}
