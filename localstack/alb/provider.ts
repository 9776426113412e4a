/** Questions to an identity provider. Its certificate isn't looked at: on this machine nobody has a public one. */
import { request } from 'node:https'

export type Told = { readonly status: number; readonly body: string }

const deadlineMs = 5_000
const longestBody = 256 * 1024

type Question = {
  readonly headers?: Readonly<Record<string, string>>
  /** Sent by POST as a form. */
  readonly form?: URLSearchParams
}

/** Undefined when it can't be reached, is too slow, or tells too much. */
export function askProvider(url: string, { headers = {}, form }: Question = {}): Promise<Told | undefined> {
  return new Promise((resolve) => {
    const outgoing = request(
      url,
      {
        agent: false,
        rejectUnauthorized: false,
        method: form ? 'POST' : 'GET',
        headers: {
          accept: 'application/json',
          ...headers,
          ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
        },
        signal: AbortSignal.timeout(deadlineMs),
      },
      (incoming) => {
        let body = ''
        incoming.setEncoding('utf8')
        incoming.on('data', (text: string) => {
          body += text
          if (body.length > longestBody) incoming.destroy()
        })
        incoming.on('error', () => resolve(undefined))
        incoming.on('close', () =>
          resolve(incoming.complete ? { status: incoming.statusCode ?? 0, body } : undefined),
        )
      },
    )
    outgoing.on('error', () => resolve(undefined))
    outgoing.end(form?.toString())
  })
}

export type Fields = Readonly<Record<string, unknown>>

/** Undefined for what is no JSON object. */
export function fieldsOf(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined
  } catch {
    return undefined
  }
}
