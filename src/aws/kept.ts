/** Answers of AWS kept for a while: one read at a time, and whoever doubts one has it read again. */
import { ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { Reader } from './read.ts'

export type Kept<T> = { get(reader: Reader): Promise<Result<T, AwsError>>; forget(olderThanMs: number): void }

/** One read at a time, its answer kept; a refusal is not. */
export function kept<T>(forMs: number, read: (reader: Reader) => Promise<Result<T, AwsError>>): Kept<T> {
  let last: { readonly at: number; readonly value: T } | undefined
  let reading: Promise<Result<T, AwsError>> | undefined
  const readOnce = async (reader: Reader): Promise<Result<T, AwsError>> => {
    const at = Date.now()
    const result = await read(reader)
    if (result.ok) last = { at, value: result.value }
    return result
  }
  return {
    get: async (reader) => {
      if (last !== undefined && Date.now() - last.at < forMs) return ok(last.value)
      reading ??= readOnce(reader).finally(() => {
        reading = undefined
      })
      return reading
    },
    forget: (olderThanMs) => {
      if (last !== undefined && Date.now() - last.at > olderThanMs) last = undefined
    },
  }
}

/** One answer a key. */
export function keptBy<T>(
  make: (key: string) => Kept<T>,
): Pick<Kept<T>, 'forget'> & { of(key: string): Kept<T> } {
  const all = new Map<string, Kept<T>>()
  return {
    of: (key) => {
      const one = all.get(key) ?? make(key)
      all.set(key, one)
      return one
    },
    forget: (olderThanMs) => {
      for (const one of all.values()) one.forget(olderThanMs)
    },
  }
}
