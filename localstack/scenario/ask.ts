/** One HTTP or HTTPS request over a connection of its own. */
import { request } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { Address } from '../alb/network.ts'
import type { Answer } from './scenario.ts'

export type AskOptions = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Over TLS, whatever certificate is shown; a client certificate where one is given. */
  readonly tls?: { readonly cert?: string; readonly key?: string }
}

const deadlineMs = 5_000

/** Rejects when the connection is refused, breaks, or nothing comes for 5 s. */
export function ask(
  { host, port }: Address,
  name: string,
  path: string,
  { method = 'GET', headers, tls }: AskOptions = {},
): Promise<Answer> {
  return new Promise((done, reject) => {
    const given = {
      agent: false,
      host,
      port,
      path,
      method,
      headers: { host: name, ...headers },
      timeout: deadlineMs,
    } as const
    const sent = tls
      ? secureRequest({ ...given, ...tls, servername: name, rejectUnauthorized: false })
      : request(given)
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8')
        done({ status: response.statusCode ?? 0, headers: response.headers, body })
      })
    })
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer within ${deadlineMs} ms`)))
    sent.on('error', reject)
    sent.end()
  })
}
