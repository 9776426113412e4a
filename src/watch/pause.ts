/** Waits, or until told to stop waiting: which of the two the caller reads off the signal. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })

/** Given up after `limitMs`, or sooner with the signal. */
export async function within<T>(
  limitMs: number,
  sooner: AbortSignal | undefined,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController()
  const abort = (): void => limit.abort()
  const timer = setTimeout(abort, limitMs)
  sooner?.addEventListener('abort', abort, { once: true })
  if (sooner?.aborted) abort()
  try {
    return await act(limit.signal)
  } finally {
    clearTimeout(timer)
    sooner?.removeEventListener('abort', abort)
  }
}
