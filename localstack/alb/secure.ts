/** The TLS side of an HTTPS listener: certificates by name, HTTP/2 or HTTP/1.1 as agreed with the client. */
import { constants } from 'node:crypto'
import type { Server as HttpServer } from 'node:http'
import { type Http2ServerRequest, type ServerHttp2Session, createServer as createHttp2 } from 'node:http2'
import type { Socket } from 'node:net'
import { type SecureVersion, createServer as createTls } from 'node:tls'
import { handshakeOf } from '../aws/elbv2/ssl-policy.ts'
import { certificateFor, secretsOf } from './certificate.ts'
import { isAdmitted } from './client-certificate.ts'
import { Http2Reply } from './http2-reply.ts'
import type { ListenerEntry } from './table.ts'

type Secure = {
  /** A connection of a client, from its first byte on. */
  readonly take: (socket: Socket) => void
  /** New certificates and policies count from the next handshake. */
  readonly follow: (entry: ListenerEntry) => void
  /** Ends HTTP/2 connections once their streams have ended. */
  readonly close: () => void
}
type Serving = {
  readonly entry: () => ListenerEntry
  readonly http1: HttpServer
  readonly http2: (incoming: Http2ServerRequest, reply: Http2Reply) => void
}

const mostStreams = 128
const longestHeaders = 64 * 1024

export function secure(serving: Serving): Secure {
  const sessions = new Set<ServerHttp2Session>()
  const http2 = http2Server(serving, sessions)
  let asked = askedBy(serving.entry())
  let tls = tlsServer(serving, http2)
  return {
    take: (socket) => tls.emit('connection', socket),
    follow: (next) => {
      // Whether a certificate is asked for is settled when a server is made; connections of the old one go on.
      if (askedBy(next) === asked) return tls.setSecureContext(contextOf(next))
      asked = askedBy(next)
      tls = tlsServer(serving, http2)
    },
    close: () => {
      for (const session of sessions) session.close()
    },
  }
}

const askedBy = ({ clientCertificates }: ListenerEntry): boolean => clientCertificates !== undefined

function tlsServer({ entry, http1 }: Serving, http2: ReturnType<typeof http2Server>) {
  const tls = createTls({
    ...contextOf(entry()),
    // OpenSSL would stop at the first fault, and could not overlook that a certificate has expired.
    ...(askedBy(entry()) ? { requestCert: true, rejectUnauthorized: false } : {}),
    SNICallback: (name, done) => done(null, certificateFor(name, entry().certificates)?.context),
    ALPNCallback: ({ protocols }) => {
      const two = entry().loadBalancer.attributes.get('routing.http2.enabled') !== 'false'
      return [...(two ? ['h2'] : []), 'http/1.1'].find((known) => protocols.includes(known))
    },
  })
  tls.on('tlsClientError', (_, socket) => socket.destroy())
  tls.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy())
    const { clientCertificates } = entry()
    if (clientCertificates && !isAdmitted(socket, clientCertificates, Date.now()))
      return void socket.destroy()
    ;(socket.alpnProtocol === 'h2' ? http2 : http1).emit('connection', socket)
  })
  return tls
}

function http2Server({ http2 }: Serving, sessions: Set<ServerHttp2Session>) {
  const server = createHttp2({
    settings: { maxConcurrentStreams: mostStreams, maxHeaderListSize: longestHeaders },
  })
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => session.destroy())
    session.once('close', () => sessions.delete(session))
  })
  server.on('request', (incoming: Http2ServerRequest) => {
    const reply = new Http2Reply(incoming.stream, incoming.method)
    incoming.on('error', () => undefined)
    reply.on('error', () => undefined)
    http2(incoming, reply)
  })
  return server
}

function contextOf({ certificates: [first], sslPolicy, clientCertificates: asked }: ListenerEntry) {
  const { protocols, ciphers } = handshakeOf(sslPolicy)
  return {
    ...(first ? secretsOf(first.pair) : {}),
    minVersion: (protocols[0] ?? 'TLSv1.2') as SecureVersion,
    maxVersion: (protocols.at(-1) ?? 'TLSv1.3') as SecureVersion,
    ciphers: ciphers.join(':'),
    // Their names are what a client is told; with a resumed session it would show no certificate.
    ...(asked ? { ca: asked.advertised ? asked.authorities.map(String) : [] } : {}),
    ...(asked ? { secureOptions: constants.SSL_OP_NO_TICKET } : {}),
  }
}
