/**
 * Connections to AWS on which a request leaves only if it still may at that very moment: a connection takes its time, and a
 * process may be paused meanwhile for longer than it leads.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import http, { type ClientRequest } from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'

/** Why it may not; undefined: it may. */
export type Check = () => Error | undefined
const checks = new AsyncLocalStorage<Check>()

/** Every request that `send` makes is asked about right before its first byte is written. */
export const checkedBy = <T>(check: Check, send: () => Promise<T>): Promise<T> => checks.run(check, send)

type AddRequest = (request: ClientRequest, ...rest: readonly unknown[]) => void
type Created = (error: Error | null, socket: Duplex) => void
type Connecting = Duplex & { readonly encrypted?: boolean }

/** Told of its socket, the request is written in the same turn. */
function watch(request: ClientRequest): void {
  const check = checks.getStore()
  if (check === undefined) return
  request.once('socket', () => {
    const error = check()
    if (error !== undefined) request.destroy(error)
  })
}

/** Handed out once it can carry a request at once: what is written to one that connects leaves by itself later. */
function whenReady(socket: Connecting, limitMs: number, created: Created): undefined {
  const ready = socket.encrypted === true ? 'secureConnect' : 'connect'
  const timer = setTimeout(() => socket.destroy(new Error('no connection in time')), limitMs)
  const done = (error: Error | null): void => {
    clearTimeout(timer)
    socket.off('error', done)
    socket.off('close', closed)
    created(error, socket)
  }
  const closed = (): void => done(new Error('the connection was closed'))
  socket.once(ready, () => done(null))
  socket.once('error', done)
  socket.once('close', closed)
  return undefined
}

function checking<A extends http.Agent>(agent: A, limitMs: number): A {
  // Node's own, which its types don't tell of.
  const addRequest = (agent as unknown as { readonly addRequest: AddRequest }).addRequest.bind(agent)
  const createConnection = agent.createConnection.bind(agent)
  return Object.assign(agent, {
    addRequest: (request: ClientRequest, ...rest: readonly unknown[]): void => {
      watch(request)
      addRequest(request, ...rest)
    },
    createConnection: (options: http.ClientRequestArgs, created: Created): undefined =>
      whenReady(createConnection(options) as Connecting, limitMs, created),
  })
}

const kept = { keepAlive: true, maxSockets: 50 }

/** `limitMs`: for a connection, with its handshake. */
export const checkingAgents = (
  limitMs: number,
): { readonly httpAgent: http.Agent; readonly httpsAgent: https.Agent } => ({
  httpAgent: checking(new http.Agent(kept), limitMs),
  httpsAgent: checking(new https.Agent(kept), limitMs),
})
