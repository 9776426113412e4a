/** Pods end as a kubelet ends them: preStop within the grace period, SIGTERM, SIGKILL. */
import assert from 'node:assert/strict'
import { Agent, get } from 'node:http'
import { after, before, test } from 'node:test'
import type { Network } from '../../../localstack/alb/network.ts'
import { createLoopback } from '../../../localstack/alb/loopback.ts'
import { startEcho } from '../../../localstack/pods/echo.ts'
import type { Container } from '../../../localstack/pods/kinds.ts'
import { terminate } from '../../../localstack/pods/termination.ts'

let network: Network
before(async () => {
  network = await createLoopback()
})
const agents: Agent[] = []
after(() => {
  for (const agent of agents) agent.destroy()
})

type PreStop = NonNullable<NonNullable<Container['lifecycle']>['preStop']>
let next = 1

async function pod(preStop: PreStop | undefined, graceSeconds = 30) {
  const ip = `192.168.250.${next++}`
  const identity = { pod: ip, namespace: 'n', ip, node: 'a' }
  const server = await startEcho(identity, await network.place(ip, 8080))
  const container: Container = {
    name: 'app',
    image: 'echo:1',
    ports: [{ name: 'http', containerPort: 8080 }],
    ...(preStop === undefined ? {} : { lifecycle: { preStop } }),
  }
  const killed = new AbortController()
  const agent = new Agent({ keepAlive: true })
  agents.push(agent)
  const ask = (path = '/', over?: Agent): Promise<string> =>
    new Promise((resolve, reject) => {
      const { host, port } = network.reach(ip, 8080)
      get({ host, port, path, agent: over ?? false }, (response) => {
        response.resume()
        response.on('end', () => resolve(String(response.headers.connection)))
      }).on('error', reject)
    })
  return {
    ask,
    agent,
    kill: () => killed.abort(),
    /** Seconds that it took to end. */
    end: async () => {
      const at = performance.now()
      const graceMs = graceSeconds * 1000
      await terminate([{ container, servers: [server] }], { ip, graceMs, network, killed: killed.signal })
      return (performance.now() - at) / 1000
    },
  }
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const between = (from: number, seconds: number, to: number): void =>
  assert.ok(from <= seconds && seconds < to, `${seconds} s is not within ${from} s and ${to} s`)

test('without a hook it takes no more connections at once', async () => {
  const { ask, end } = await pod(undefined)
  await ask()
  between(0, await end(), 0.9)
  await assert.rejects(ask(), /ECONNREFUSED/)
})

const hooks: readonly (readonly [string, PreStop, number, number])[] = [
  ['sleep', { sleep: { seconds: 1 } }, 30, 1],
  ['exec of sleep', { exec: { command: ['sleep', '1'] } }, 30, 1],
  ['exec of a shell that sleeps', { exec: { command: ['/bin/sh', '-c', 'echo bye; /bin/sleep 1'] } }, 30, 1],
  ['httpGet', { httpGet: { path: '/delay/1000', port: 'http' } }, 30, 1],
  ['httpGet of nobody', { httpGet: { port: 9 } }, 30, 0],
  ['sleep beyond the grace period', { exec: { command: ['sleep', '9'] } }, 1, 1],
  ['no grace at all', { sleep: { seconds: 1 } }, 0, 0],
]
test('it serves for as long as the hook takes, and no longer than the grace period', async () => {
  await Promise.all(
    hooks.map(async ([name, preStop, grace, seconds]) => {
      const { ask, end } = await pod(preStop, grace)
      const ended = end()
      if (seconds > 0) {
        await pause(500)
        await ask().catch((error: unknown) => assert.fail(`${name}: ${String(error)}`))
      }
      between(seconds - 0.05, await ended, seconds + 0.9)
      await assert.rejects(ask(), /ECONNREFUSED/, name)
    }),
  )
})

test('on SIGTERM what is under way is answered, and connections are let go', async () => {
  const { ask, agent, end } = await pod(undefined)
  assert.equal(await ask('/', agent), 'keep-alive')
  const slow = ask('/delay/700')
  await pause(100)
  const ended = end()
  await pause(100)
  await assert.rejects(ask(), /ECONNREFUSED/)
  assert.equal(await ask('/', agent), 'close')
  assert.equal(await slow, 'close')
  between(0.4, await ended, 2)
})

test('who holds a connection is cut off when the grace period has passed, two seconds after the hook at the least', async () => {
  const { ask, agent, end } = await pod({ sleep: { seconds: 1 } }, 1)
  await ask('/', agent)
  between(2.9, await end(), 4)
})

test('SIGKILL waits for nothing', async () => {
  const { end, kill } = await pod({ sleep: { seconds: 20 } })
  const ended = end()
  kill()
  between(0, await ended, 0.9)
})
