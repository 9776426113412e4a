/** The Location of a redirect action: `#{…}` filled from the request. */
import { type Request, hostName } from './request.ts'

/** Absent members mean ALB's own placeholders. */
export type RedirectTemplate = {
  readonly protocol?: string
  readonly host?: string
  readonly port?: string
  readonly path?: string
  readonly query?: string
}

export function redirectLocation(template: RedirectTemplate, request: Request): string {
  const own: Readonly<Record<string, string>> = {
    protocol: request.protocol.toLowerCase(),
    host: hostName(request.host),
    port: String(request.port),
    path: request.path.replace(/^\//, ''),
    query: request.query,
  }
  const fill = (text: string): string =>
    text.replace(/#\{(protocol|host|port|path|query)\}/g, (_, name: string) => own[name] ?? '')
  const path = fill(template.path ?? '/#{path}')
  const query = fill(template.query ?? '#{query}')
  return (
    `${fill(template.protocol ?? '#{protocol}').toLowerCase()}://${fill(template.host ?? '#{host}')}` +
    `:${fill(template.port ?? '#{port}')}${path.startsWith('/') ? path : `/${path}`}${query === '' ? '' : `?${query}`}`
  )
}
