/** Faults that tests order: the next requests that match are refused, broken off, or answered with garbage. */
import type { HttpRequest, HttpResponse } from '../../src/lib/http.ts'
import { ApiError, statusOf } from './status.ts'
import { connectionReset } from './watch.ts'

export type Fault = {
  readonly method?: string
  /** Matched against path and query. */
  readonly path?: RegExp
  /** How many requests; 1 unless said. */
  readonly times?: number
  readonly retryAfterSeconds?: number
  /** The request is carried out, then its answer is lost to the fault. */
  readonly after?: boolean
} & (
  | { readonly status: number }
  | { readonly reset: true }
  | { readonly garbage: true }
  | { readonly delayMs: number }
)

const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

export type Faults = {
  readonly add: (fault: Fault) => void
  readonly clear: () => void
  readonly take: (request: HttpRequest) => Fault | undefined
}

export function createFaults(): Faults {
  let active: { readonly fault: Fault; left: number }[] = []
  return {
    add: (fault) => void active.push({ fault, left: fault.times ?? 1 }),
    clear: () => {
      active = []
    },
    take: (request) => {
      const found = active.find(
        ({ fault }) =>
          (fault.method ?? request.method) === request.method && (fault.path?.test(request.path) ?? true),
      )
      if (found === undefined) return undefined
      found.left -= 1
      if (found.left <= 0) active = active.filter((one) => one !== found)
      return found.fault
    },
  }
}

/** What the client gets to see of a fault; undefined: the request goes on. */
export async function suffer(fault: Fault): Promise<HttpResponse | undefined> {
  if ('reset' in fault) throw connectionReset()
  if ('garbage' in fault)
    return { status: 200, headers: { 'content-type': 'application/json' }, body: '<html>bad gateway' }
  if ('delayMs' in fault) {
    await new Promise((resolve) => setTimeout(resolve, fault.delayMs))
    return undefined
  }
  const seconds = fault.retryAfterSeconds
  const error = new ApiError(
    fault.status,
    reasons[fault.status] ?? 'InternalError',
    'a fault was asked for',
    seconds === undefined ? {} : { retryAfterSeconds: seconds },
  )
  return {
    status: fault.status,
    headers: {
      'content-type': 'application/json',
      ...(seconds === undefined ? {} : { 'retry-after': `${seconds}` }),
    },
    body: JSON.stringify(statusOf(error)),
  }
}
