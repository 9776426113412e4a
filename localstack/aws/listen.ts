/** A `Handle` behind an HTTP server on loopback. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Handle, HttpResponse } from '../../src/lib/http.ts'

export type Listening = {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

export async function listen(handle: Handle, { port = 0, host = '127.0.0.1' } = {}): Promise<Listening> {
  const server = createServer((request, response) => {
    // A connection that is to break, and a mistake of ours, look the same to a client: no answer.
    serve(handle, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const bound = (server.address() as AddressInfo).port
  return {
    url: `http://${host}:${bound}`,
    port: bound,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

async function serve(handle: Handle, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const answer = await handle({
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers: headersOf(request),
    body: Buffer.concat(chunks),
    signal: gone.signal,
  })
  await send(answer, response)
}

function headersOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )
}

async function send(answer: HttpResponse, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, answer.headers)
  if (typeof answer.body === 'string' || answer.body instanceof Uint8Array) {
    response.end(answer.body)
    return
  }
  for await (const chunk of answer.body) {
    if (response.destroyed) return
    response.write(chunk)
  }
  response.end()
}
