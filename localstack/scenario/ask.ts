/** One HTTP request over a connection of its own. */
import { request } from 'node:http'
import type { Address } from '../alb/network.ts'
import type { Answer } from './scenario.ts'

const deadlineMs = 5_000

/** Rejects when the connection is refused, breaks, or nothing comes for 5 s. */
export function ask({ host, port }: Address, name: string, path: string): Promise<Answer> {
  return new Promise((done, reject) => {
    const sent = request(
      { agent: false, host, port, path, headers: { host: name }, timeout: deadlineMs },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const body = Buffer.concat(chunks).toString('utf8')
          done({ status: response.statusCode ?? 0, headers: response.headers, body })
        })
      },
    )
    sent.on('timeout', () => sent.destroy(new Error(`GET ${path}: no answer within ${deadlineMs} ms`)))
    sent.on('error', reject)
    sent.end()
  })
}
