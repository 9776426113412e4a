/** `/healthz`, `/readyz` and `/metrics`: plain node:http, nothing else is answered. */
import { createServer, type Server } from 'node:http'

type Listen = { readonly host: string; readonly port: number } | 'off'
export type Served = { close(): Promise<void> }

/** Path to status and body, asked anew at each request. */
export type Answers = Readonly<Record<string, () => { readonly ok: boolean; readonly text: string }>>

export async function serve(at: Listen, answers: Answers): Promise<Served> {
  if (at === 'off') return { close: async () => undefined }
  const server: Server = createServer((request, response) => {
    const answer = answers[(request.url ?? '').split('?')[0] ?? '']
    const { ok, text } = answer?.() ?? { ok: false, text: 'not found\n' }
    response.writeHead(answer === undefined ? 404 : ok ? 200 : 503, {
      'content-type': 'text/plain; charset=utf-8',
    })
    response.end(text)
  })
  server.requestTimeout = 5_000
  server.headersTimeout = 5_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(at.port, at.host, resolve)
  })
  server.unref()
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
