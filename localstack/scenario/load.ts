/** Constant load through a load balancer: every answer is judged, failures are counted and kept. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import type { Address } from '../alb/network.ts'

type Judge = (status: number, headers: IncomingHttpHeaders) => boolean
export type Load = {
  /** Changes what is right from now on, for requests sent from now on. */
  expect(judge: Judge): void
  readonly sent: number
  readonly failures: readonly string[]
  stop(): Promise<void>
}

/** Sends `perSecond` requests a second to `path`, each with a deadline of 5 s, over kept-alive connections. */
export function startLoad(given: {
  address: Address
  host: string
  path: string
  perSecond: number
  expect: Judge
}): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const failures: string[] = []
  const open = new Set<Promise<void>>()
  let judge = given.expect
  let sent = 0
  const one = async (): Promise<void> => {
    const right = judge
    sent += 1
    const at = new Date().toISOString().slice(11, 23)
    try {
      const { status, headers } = await ask(agent, given)
      // A change of expectation while it was under way: either answer is right.
      if (!right(status, headers) && !judge(status, headers)) failures.push(`${at} ${status}`)
    } catch (error) {
      failures.push(`${at} ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const timer = setInterval(() => {
    const answer: Promise<void> = one().finally(() => open.delete(answer))
    open.add(answer)
  }, 1000 / given.perSecond)
  return {
    expect: (next) => {
      judge = next
    },
    get sent() {
      return sent
    },
    failures,
    stop: async () => {
      clearInterval(timer)
      await Promise.all(open)
      agent.destroy()
    },
  }
}

function ask(
  agent: Agent,
  { address, host, path }: { address: Address; host: string; path: string },
): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { agent, host: address.host, port: address.port, path, headers: { host }, timeout: 5000 },
      (response) => {
        response.resume()
        const { statusCode: status = 0, headers } = response
        response.on('end', () => resolve({ status, headers }))
        response.on('error', reject)
      },
    )
    sent.on('timeout', () => sent.destroy(new Error('no answer within 5 s')))
    sent.on('error', reject)
    sent.end()
  })
}
