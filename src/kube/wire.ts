/** One request and its answer as bytes: settles by its deadline, whatever the other side does. */
import type { Handle, HttpRequest, HttpResponse } from '../lib/http.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import { errorOfAnswer, errorOfThrown, type KubeError } from './error.ts'

export type Answer<T> = Promise<Result<T, KubeError>>
/** Settles by the deadline or with the signal, even when `run` never does. */
async function within<T>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Answer<T> {
  const controller = new AbortController()
  let stop: (error: KubeError) => void = () => undefined
  const stopped = new Promise<KubeError>((resolve) => {
    stop = resolve
  })
  const abort = (): void => {
    controller.abort()
    stop({ status: 0, reason: 'Aborted', message: 'given up by the caller' })
  }
  const timer = setTimeout(() => {
    controller.abort()
    stop({ status: 0, reason: 'Timeout', message: `no answer within ${timeoutMs} ms` })
  }, timeoutMs)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([
      stopped.then((error) => fail(error)),
      run(controller.signal).then(
        (value) => ok(value),
        (thrown: unknown) => fail(errorOfThrown(thrown)),
      ),
    ])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

async function textOf(body: HttpResponse['body']): Promise<string> {
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return Buffer.from(body).toString('utf8')
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

async function* streamOf(body: HttpResponse['body']): AsyncIterable<Uint8Array> {
  if (typeof body === 'string') yield Buffer.from(body)
  else if (body instanceof Uint8Array) yield body
  else yield* body
}

export type Call = {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
  readonly signal?: AbortSignal | undefined
}

const requestOf = (call: Call, signal: AbortSignal): HttpRequest => ({
  method: call.method,
  path: call.path,
  headers: {
    accept: 'application/json',
    ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
  },
  body: call.body === undefined ? '' : JSON.stringify(call.body),
  signal,
})

/** Sends one call and parses its answer. */
export type Caller = <T>(call: Call) => Answer<T>

export const createCaller =
  (handle: Handle, timeoutMs: number): Caller =>
  async <T>(call: Call): Answer<T> => {
    const answer = await within(timeoutMs, call.signal, async (signal) => {
      const response = await handle(requestOf(call, signal))
      return { response, text: await textOf(response.body) }
    })
    if (!answer.ok) return answer
    const { response, text } = answer.value
    if (response.status >= 400) return fail(errorOfAnswer(response, text))
    try {
      return ok(JSON.parse(text) as T)
    } catch {
      return fail({ status: response.status, reason: 'Garbage', message: 'the answer is not JSON' })
    }
  }

/** Opens a stream; the deadline covers the opening alone, after that it lives on the caller's signal. */
export async function openStream(
  handle: Handle,
  timeoutMs: number,
  path: string,
  signal: AbortSignal,
): Answer<AsyncIterable<Uint8Array>> {
  const opened = await within(timeoutMs, signal, (deadline) =>
    handle(requestOf({ method: 'GET', path }, AbortSignal.any([signal, deadline]))),
  )
  if (!opened.ok) return opened
  if (opened.value.status < 400) return ok(streamOf(opened.value.body))
  const text = await within(timeoutMs, signal, () => textOf(opened.value.body))
  return fail(errorOfAnswer(opened.value, text.ok ? text.value : ''))
}
