/** A loopback socket in front of a handler, and the kubeconfig that leads there. */
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { Handle, HttpRequest } from '../../src/lib/http.ts'

export type Listening = { readonly url: string; readonly close: () => Promise<void> }

async function readRequest(message: IncomingMessage, signal: AbortSignal): Promise<HttpRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(message.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  return {
    method: message.method ?? 'GET',
    path: message.url ?? '/',
    headers,
    body: Buffer.concat(chunks),
    signal,
  }
}

async function answer(handle: Handle, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const { status, headers, body } = await handle(await readRequest(message, gone.signal))
  response.writeHead(status, headers)
  if (typeof body === 'string' || body instanceof Uint8Array) {
    response.end(body)
    return
  }
  response.flushHeaders()
  for await (const chunk of body)
    if (!response.write(chunk)) await once(response, 'drain', { signal: gone.signal })
  response.end()
}

/** Port 0, the default, takes a free one. */
export async function listenKube(handle: Handle, port = 0): Promise<Listening> {
  const server = createServer((message, response) => {
    // A handler that throws is a connection that breaks.
    answer(handle, message, response).catch(() => response.destroy())
  })
  // An idle connection that the server closes just as it is used again would look like a fault.
  server.keepAliveTimeout = 0
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://127.0.0.1:${bound}`,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

export function writeKubeconfig(path: string, url: string): void {
  const name = 'local'
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url } }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  }
  // JSON is YAML.
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
}
