/** Why the API server did not do what was asked: one value for refusals, for silence and for nonsense. */
import type { HttpResponse } from '../lib/http.ts'

export type KubeError = {
  /** HTTP status; 0 when no answer came. */
  readonly status: number
  /** Kubernetes' reason (`NotFound`, `Conflict`, `Expired` ...), or our own: `Timeout`, `Unreachable`, `Garbage`, `Aborted`. */
  readonly reason: string
  readonly message: string
  readonly details?: unknown
  readonly retryAfterSeconds?: number
}

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const seconds = (value: unknown): number | undefined => {
  const parsed = typeof value === 'number' ? value : typeof value === 'string' ? Number(value) : Number.NaN
  return Number.isFinite(parsed) && parsed > 0 ? parsed : undefined
}

/** From a Kubernetes `Status` object, as an error answer or a watch's ERROR event carries it. */
export function errorOfStatus(
  value: unknown,
  httpStatus = 0,
  headers: HttpResponse['headers'] = {},
): KubeError {
  const given = isRecord(value) ? value : {}
  const status = typeof given['code'] === 'number' ? given['code'] : httpStatus
  const details = isRecord(given['details']) ? given['details'] : undefined
  const retryAfterSeconds = seconds(headers['retry-after']) ?? seconds(details?.['retryAfterSeconds'])
  return {
    status,
    reason:
      typeof given['reason'] === 'string' && given['reason']
        ? given['reason']
        : (reasons[status] ?? 'Unknown'),
    message: typeof given['message'] === 'string' ? given['message'] : `HTTP status ${status}`,
    ...(details ? { details } : {}),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
}

/** From an error answer, whatever its body is. */
export function errorOfAnswer(response: HttpResponse, text: string): KubeError {
  try {
    return errorOfStatus(JSON.parse(text), response.status, response.headers)
  } catch {
    return errorOfStatus({ message: text.slice(0, 500) }, response.status, response.headers)
  }
}

/** From something thrown: a connection that failed, an abort, a deadline. */
export function errorOfThrown(thrown: unknown, reason = 'Unreachable'): KubeError {
  const message = thrown instanceof Error ? thrown.message || thrown.name : String(thrown)
  return { status: 0, reason, message }
}

export const isNotFound = (error: KubeError): boolean => error.status === 404
export const isDenied = (error: KubeError): boolean => error.status === 403
export const isConflict = (error: KubeError): boolean =>
  error.status === 409 && error.reason !== 'AlreadyExists'
export const isAlreadyExists = (error: KubeError): boolean =>
  error.status === 409 && error.reason === 'AlreadyExists'
/** The resourceVersion or the continue token is too old (or, after a restore, too new): list again. */
export const isExpired = (error: KubeError): boolean =>
  error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone'
/** The object under this name is not the one whose uid was given. */
export const isOtherObject = (error: KubeError): boolean =>
  (error.status === 409 || error.status === 422) && /\buid\b/i.test(error.message)
/** Worth another try unchanged. */
export const isTransient = (error: KubeError): boolean =>
  error.status === 429 || error.status >= 500 || (error.status === 0 && error.reason !== 'Aborted')

/** One line for logs and events. */
export const describeError = (error: KubeError): string =>
  `${error.reason}${error.status ? ` (${error.status})` : ''}: ${error.message}`
