/** Answers that the load balancer makes itself: errors, fixed responses, redirects. */
import { type RedirectTemplate, redirectLocation } from '../../src/route/redirect.ts'
import type { Request } from '../../src/route/request.ts'
import type { RoutingAction } from './action.ts'
import { type Headers, responseHeaders } from './header.ts'
import type { Reply } from './http2-reply.ts'

const serverName = 'awselb/2.0'

const reasons: Readonly<Record<number, string>> = {
  301: 'Moved Permanently',
  302: 'Found',
  400: 'Bad Request',
  401: 'Authorization Required',
  405: 'Not Allowed',
  408: 'Request Time-out',
  463: '',
  464: '',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
  507: 'Insufficient Storage',
  561: '',
}

function page(status: number): string {
  const title = `${status} ${reasons[status] ?? ''}`.trim()
  return [
    '<html>',
    `<head><title>${title}</title></head>`,
    '<body>',
    `<center><h1>${title}</h1></center>`,
    '</body>',
    '</html>',
    '',
  ].join('\r\n')
}

type Content = {
  readonly type?: string
  readonly body: string
  readonly more?: readonly (readonly [string, string])[]
}

function answer(
  response: Reply,
  listener: ReadonlyMap<string, string>,
  status: number,
  content: Content,
): void {
  if (response.headersSent || response.destroyed) {
    // Too late to say anything: the client learns it from the broken connection.
    response.destroy()
    return
  }
  const named = listener.get('routing.http.response.server.enabled') !== 'false'
  const headers = responseHeaders(
    [
      ...(named ? ([['Server', serverName]] as const) : []),
      ...(content.type === undefined ? [] : ([['Content-Type', content.type]] as const)),
      ['Content-Length', String(Buffer.byteLength(content.body))],
      ...(content.more ?? []),
    ],
    listener,
  )
  response.writeHead(status, reasons[status] || undefined, headers.flat())
  response.end(content.body)
}

export function answerError(response: Reply, listener: ReadonlyMap<string, string>, status: number): void {
  answer(response, listener, status, { type: 'text/html', body: page(status) })
}

export function answerFixed(
  response: Reply,
  listener: ReadonlyMap<string, string>,
  action: Extract<RoutingAction, { type: 'fixed-response' }>,
): void {
  const type = `${action.contentType ?? 'text/plain'}; charset=utf-8`
  answer(response, listener, action.status, { type, body: action.body })
}

/** ALB's own limit isn't documented; a request line may have 16K. */
const longestLocation = 16 * 1024

export function answerRedirect(
  response: Reply,
  listener: ReadonlyMap<string, string>,
  action: { readonly status: number; readonly template: RedirectTemplate },
  request: Request,
): void {
  const location = redirectLocation(action.template, request)
  if (location.length > longestLocation) return answerError(response, listener, 507)
  answer(response, listener, action.status, {
    type: 'text/html',
    body: page(action.status),
    more: [['Location', location]],
  })
}

/** A redirect of the load balancer's own, with cookies. */
export function answerFound(
  response: Reply,
  listener: ReadonlyMap<string, string>,
  location: string,
  cookies: Headers,
): void {
  answer(response, listener, 302, {
    type: 'text/html',
    body: page(302),
    more: [['Location', location], ...cookies],
  })
}

/** For a connection on which no request could be read. */
export function rawError(status: number): string {
  const body = page(status)
  return [
    `HTTP/1.1 ${status} ${reasons[status] ?? ''}`,
    `Server: ${serverName}`,
    `Date: ${new Date().toUTCString()}`,
    'Content-Type: text/html',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}
