/** Redirect and fixed-response actions. */
import type {
  FixedResponseActionConfig,
  RedirectActionConfig,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { compact } from './compact.ts'
import { isPort } from './health-check.ts'
import { among, invalid, length, refuse } from './refuse.ts'

const contentTypes = ['text/plain', 'text/css', 'text/html', 'application/javascript', 'application/json']

export function fixedResponseOut(config: FixedResponseActionConfig | undefined): FixedResponseActionConfig {
  if (!config) invalid('A fixed response configuration must be specified')
  const { StatusCode = '', ContentType, MessageBody } = config
  if (!/^[245]\d\d$/.test(StatusCode))
    invalid(`The status code '${StatusCode}' of a fixed response must be a 2XX, 4XX or 5XX code`)
  if (ContentType !== undefined) among('contentType', ContentType, contentTypes)
  length('messageBody', MessageBody, 0, 1024)
  return compact<FixedResponseActionConfig>({ MessageBody, StatusCode, ContentType })
}

/** What the redirect leaves out is what the request had. */
export function redirectOut(
  config: RedirectActionConfig | undefined,
  listener: { readonly protocol: string; readonly port: number },
): RedirectActionConfig {
  if (!config) invalid('A redirect configuration must be specified')
  const filled: RedirectActionConfig = {
    Protocol: config.Protocol ?? '#{protocol}',
    Port: config.Port ?? '#{port}',
    Host: config.Host ?? '#{host}',
    Path: config.Path ?? '/#{path}',
    Query: config.Query ?? '#{query}',
    StatusCode: config.StatusCode,
  }
  checkParts(filled)
  checkChanges(filled, listener)
  return filled
}

function checkParts({
  Protocol = '',
  Port = '',
  Host = '',
  Path = '',
  Query = '',
  StatusCode,
}: RedirectActionConfig): void {
  if (!/^(HTTPS?|#\{protocol\})$/.test(Protocol)) invalid(`The redirect protocol '${Protocol}' is not valid`)
  if (Port !== '#{port}' && !isPort(Port)) invalid(`The redirect port '${Port}' is not valid`)
  among('redirectConfig.statusCode', StatusCode ?? '', ['HTTP_301', 'HTTP_302'])
  length('redirectConfig.host', Host, 1, 128)
  length('redirectConfig.path', Path, 1, 128)
  length('redirectConfig.query', Query, 0, 128)
  if (!Path.startsWith('/')) invalid(`The redirect path '${Path}' must begin with a '/'`)
  if (Query.startsWith('?')) invalid(`The redirect query '${Query}' cannot begin with a '?'`)
}

function checkChanges(
  { Protocol, Port, Host, Path }: RedirectActionConfig,
  listener: { readonly protocol: string; readonly port: number },
): void {
  if (listener.protocol === 'HTTPS' && Protocol === 'HTTP')
    refuse('InvalidLoadBalancerAction', 'A request cannot be redirected from HTTPS to HTTP')
  const changes =
    (Protocol !== '#{protocol}' && Protocol !== listener.protocol) ||
    (Port !== '#{port}' && Port !== String(listener.port)) ||
    Host !== '#{host}' ||
    Path !== '/#{path}'
  if (!changes)
    refuse(
      'InvalidLoadBalancerAction',
      'The redirect must change at least one of protocol, port, host and path, or it would loop',
    )
}
