/** What users name where AWS wants an ARN: trust stores, and target groups that are not ours. */
import { ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import { kept, keptBy, type Kept } from './kept.ts'
import { allTrustStores, type Reader, targetGroupsByName } from './read.ts'

type Read<T> = Promise<Result<T, AwsError>>
type NamedReader = Pick<Kept<unknown>, 'forget'> & {
  /** ARNs by name. */
  trustStores(reader: Reader): Read<ReadonlyMap<string, string>>
  /** ARNs by name; undefined where there is none. */
  targetGroups(reader: Reader, names: readonly string[]): Read<ReadonlyMap<string, string | undefined>>
}

const trustStoresKeptMs = 10 * 60_000
const targetGroupsKeptMs = 20 * 60_000

export function createNamedReader(): NamedReader {
  const trustStores = kept(trustStoresKeptMs, readTrustStores)
  const targetGroup = keptBy((name: string) =>
    kept(targetGroupsKeptMs, (reader) => readTargetGroupArn(reader, name)),
  )
  return {
    trustStores: (reader) => trustStores.get(reader),
    targetGroups: async (reader, names) => {
      const found = new Map<string, string | undefined>()
      for (const name of names) {
        const read = await targetGroup.of(name).get(reader)
        if (!read.ok) return read
        found.set(name, read.value)
      }
      return ok(found)
    },
    forget: (olderThanMs) => {
      trustStores.forget(olderThanMs)
      targetGroup.forget(olderThanMs)
    },
  }
}

async function readTrustStores(reader: Reader): Read<ReadonlyMap<string, string>> {
  const read = await allTrustStores(reader)
  if (!read.ok) return read
  return ok(
    new Map(read.value.map(({ Name = '', TrustStoreArn = '' }): [string, string] => [Name, TrustStoreArn])),
  )
}

async function readTargetGroupArn(reader: Reader, name: string): Read<string | undefined> {
  const read = await targetGroupsByName(reader, [name])
  return read.ok ? ok(read.value[0]?.TargetGroupArn) : read
}
