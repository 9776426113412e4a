/** What a browser does at a load balancer that asks who it is: follows every redirect, and keeps its cookies. */
import { ask } from './ask.ts'
import type { Answer } from './scenario.ts'

export type Visit = {
  /** Where it ended. */
  readonly answer: Answer
  /** As the load balancer set them, for the next request. */
  readonly cookie: string
  /** The hosts that it was sent to on its way. */
  readonly ways: readonly string[]
}

const mostRedirects = 6

/** `request` asks the load balancer; every other host is asked at the address that its URL names. */
export async function logIn(
  start: string,
  request: (path: string, cookie: string) => Promise<Answer>,
  isOwn: (host: string) => boolean,
): Promise<Visit> {
  const cookies = new Map<string, string>()
  const ways: string[] = []
  const cookie = (): string => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  let answer = await request(start, '')
  for (let hop = 0; hop < mostRedirects; hop += 1) {
    for (const set of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      cookies.set(name, value)
    }
    const { location } = answer.headers
    if (answer.status !== 302 || typeof location !== 'string') break
    const { host, hostname, port, pathname, search } = new URL(location)
    ways.push(isOwn(hostname) ? 'load balancer' : 'provider')
    answer = isOwn(hostname)
      ? await request(`${pathname}${search}`, cookie())
      : await ask({ host: hostname, port: Number(port) }, host, `${pathname}${search}`, { tls: {} })
  }
  return { answer, cookie: cookie(), ways }
}
