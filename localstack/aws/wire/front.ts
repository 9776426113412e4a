/** An HTTP request of an AWS SDK into the call it means, and the call's answer back into HTTP. */
import type { HttpRequest, HttpResponse } from '../../../src/lib/http.ts'
import { Fault, type Service } from '../service.ts'
import { decodeJson, decodeQuery, missingMembers } from './decode.ts'
import { encodeFault, encodeOutput } from './encode.ts'
import { operationsOf, type Operation } from './schema.ts'

export type Call = {
  readonly service: Service
  readonly action: string
  readonly input: unknown
  readonly accessKey: string
  /** Account id. */
  readonly account: string
  readonly region: string
  readonly userAgent: string
  /** Epoch milliseconds that the signature states. */
  readonly signedAt?: number
  readonly signal?: AbortSignal
}
/** `refused`: the request never became a valid call; it is told all the same, so that it is journalled. */
export type Answer = (call: Call, refused?: Fault) => Promise<unknown>

type Caller = Pick<Call, 'accessKey' | 'account' | 'region' | 'userAgent' | 'signedAt'> & {
  readonly signingName?: string
}
type Route = { readonly service: Service; readonly action: string; readonly body: () => unknown }
type Operations = ReadonlyMap<Service, ReadonlyMap<string, () => Operation>>

const defaultAccount = '123456789012'
const defaultRegion = 'us-east-1'

export function createFront(
  services: readonly Service[],
  answer: Answer,
): (request: HttpRequest) => Promise<HttpResponse> {
  const operations: Operations = new Map(services.map((service) => [service, operationsOf(service.module)]))
  let count = 0
  return async (request) => {
    count += 1
    const requestId = `00000000-0000-4000-8000-${count.toString(16).padStart(12, '0')}`
    const caller = callerOf(request)
    let protocol: Service['protocol'] = 'query'
    try {
      const route = routeOf(services, operations, request, caller)
      protocol = route.service.protocol
      const { operation, output } = await perform(operations, route, caller, request.signal, answer)
      return response(protocol, 200, encodeOutput(route.service, operation, output, requestId), requestId)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      return response(protocol, error.status, encodeFault(protocol, error, requestId), requestId)
    }
  }
}

async function perform(
  operations: Operations,
  { service, action, body }: Route,
  caller: Caller,
  signal: AbortSignal | undefined,
  answer: Answer,
): Promise<{ readonly operation: Operation; readonly output: unknown }> {
  const { signingName: _, ...who } = caller
  const call = { service, action, ...who, ...(signal ? { signal } : {}) }
  const operation = operations.get(service)?.get(action)?.()
  if (!operation || !service.actions[action]) {
    const fault = new Fault('InvalidAction', `The action ${action} is not valid for this web service.`)
    await answer({ ...call, input: {} }, fault)
    throw fault
  }
  let input: unknown = {}
  let refused: Fault | undefined
  try {
    input = body()
    refused = absence(service, missingMembers(operation.input, input))
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    refused = error
  }
  const output = await answer({ ...call, input }, refused)
  if (refused) throw refused
  return { operation, output }
}

function absence(service: Service, missing: readonly string[]): Fault | undefined {
  if (missing.length === 0) return undefined
  if (service.protocol === 'ec2') {
    const [first = ''] = missing
    const parameter = first
      .split('.')
      .filter((part) => part !== 'member')
      .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
      .join('.')
    return new Fault('MissingParameter', `The request must contain the parameter ${parameter}`)
  }
  const detected = missing
    .map((path) => `Value null at '${path}' failed to satisfy constraint: Member must not be null`)
    .join('; ')
  return new Fault(
    service.protocol === 'json' ? 'ValidationException' : 'ValidationError',
    `${missing.length} validation error${missing.length > 1 ? 's' : ''} detected: ${detected}`,
  )
}

function routeOf(
  services: readonly Service[],
  operations: Operations,
  request: HttpRequest,
  { signingName }: Caller,
): Route {
  const text = typeof request.body === 'string' ? request.body : Buffer.from(request.body).toString('utf8')
  const target = request.headers['x-amz-target']
  if (target !== undefined) {
    const [prefix = '', action = ''] = target.split('.')
    const service = services.find((candidate) => candidate.target === prefix)
    if (!service) throw new Fault('UnknownOperationException', `no service answers to ${prefix}`)
    return { service, action, body: () => decodeJson(inputOf(operations, service, action), text) }
  }
  const parameters = new URLSearchParams(text || (request.path.split('?')[1] ?? ''))
  const version = parameters.get('Version')
  const service =
    services.find(
      (candidate) => candidate.version === version && (!signingName || candidate.signingName === signingName),
    ) ?? services.find((candidate) => candidate.signingName === signingName)
  if (!service)
    throw new Fault('InvalidAction', `no service here is ${signingName ?? 'unsigned'}, version ${version}`)
  const action = parameters.get('Action') ?? ''
  const ec2 = service.protocol === 'ec2'
  return { service, action, body: () => decodeQuery(inputOf(operations, service, action), parameters, ec2) }
}

function inputOf(operations: Operations, service: Service, action: string): Operation['input'] {
  const operation = operations.get(service)?.get(action)?.()
  if (!operation) throw new Fault('InvalidAction', `The action ${action} is not valid for this web service.`)
  return operation.input
}

const scope = /Credential=([^/\s]+)\/\d+\/([^/]+)\/([^/]+)\/aws4_request/

/** The account is in the access key: 12 digits, alone or behind AKIA or ASIA. Unsigned calls are the default account's. */
function callerOf(request: HttpRequest): Caller {
  const userAgent = request.headers['user-agent'] ?? ''
  const match = scope.exec(request.headers['authorization'] ?? '')
  const accessKey = match?.[1] ?? ''
  return {
    accessKey,
    account: /^(?:AKIA|ASIA)?(\d{12})/.exec(accessKey)?.[1] ?? defaultAccount,
    region: match?.[2] ?? defaultRegion,
    userAgent,
    ...(match?.[3] === undefined ? {} : { signingName: match[3] }),
    ...signedAtOf(request.headers['x-amz-date']),
  }
}

function signedAtOf(date = ''): Pick<Call, 'signedAt'> {
  const text = date.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, '$1-$2-$3:$4:$5')
  const signedAt = Date.parse(text)
  return Number.isNaN(signedAt) ? {} : { signedAt }
}

function response(
  protocol: Service['protocol'],
  status: number,
  body: string,
  requestId: string,
): HttpResponse {
  const type = protocol === 'json' ? 'application/x-amz-json-1.1' : 'text/xml;charset=UTF-8'
  return { status, headers: { 'content-type': type, 'x-amzn-requestid': requestId }, body }
}
