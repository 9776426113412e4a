/** The same for many, a few at a time, in order; the first failure ends it. */
import { ok, type Result } from '../lib/result.ts'

export async function bounded<T, U, E>(
  items: readonly T[],
  atOnce: number,
  run: (item: T) => Promise<Result<U, E>>,
): Promise<Result<U[], E>> {
  const done: U[] = []
  let failed: Result<U[], E> | undefined
  let at = 0
  const worker = async (): Promise<void> => {
    while (at < items.length && failed === undefined) {
      const index = at++
      const result = await run(items[index] as T)
      if (result.ok) done[index] = result.value
      else failed ??= result
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  return failed ?? ok(done)
}
