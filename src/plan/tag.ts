/** Tags reconciled to exactly what is desired, but for keys that others manage (`albc-model` 6.6). */
import { canonical } from '../lib/json.ts'
import type { Settings } from '../model/settings.ts'
import type { Tags } from '../model/tag.ts'
import { chunks } from '../lib/chunks.ts'
import { byText, draft, step, type Draft } from './draft.ts'
import type { IngressKey } from '../model/choice.ts'

export type TagChange = {
  readonly resource: string
  readonly owner: IngressKey
  readonly add: Tags
  readonly remove: readonly string[]
}

const legacyKeys = (clusterName: string): readonly string[] => [
  `kubernetes.io/cluster/${clusterName}`,
  'kubernetes.io/cluster-name',
  'kubernetes.io/namespace',
  'kubernetes.io/ingress-name',
  'kubernetes.io/service-name',
  'kubernetes.io/service-port',
  'ingress.k8s.aws/cluster',
]

/** ALBC spares its legacy keys on load balancers, target groups and security groups alone. */
export function tagChange(
  desired: Tags,
  served: Tags,
  settings: Settings,
  legacy: 'spare legacy' | 'own legacy',
): { readonly add: Tags; readonly remove: readonly string[] } {
  const spared = new Set([
    ...settings.externalManagedTags,
    ...(legacy === 'spare legacy' ? legacyKeys(settings.clusterName) : []),
  ])
  const ours = (key: string) => !key.startsWith('aws:') && !spared.has(key)
  const add = Object.entries(desired).filter(([key, value]) => ours(key) && served[key] !== value)
  const remove = Object.keys(served).filter((key) => ours(key) && desired[key] === undefined)
  return { add: Object.fromEntries(add.sort(([a], [b]) => byText(a, b))), remove: remove.sort(byText) }
}

/** One call for all resources with the same change; a call takes 20 resources. */
export function tagSteps(changes: readonly TagChange[], options: { readonly keepSurplus: boolean }): Draft {
  const adds = batches(
    changes,
    (change) => change.add,
    (add) => Object.keys(add).length > 0,
  )
  const removes = options.keepSurplus
    ? []
    : batches(
        changes,
        (change) => change.remove,
        (remove) => remove.length > 0,
      )
  const why = (batch: readonly TagChange[], key: string) => ({
    key: `${batch[0]?.resource ?? ''}:${key}`,
    reason: 'tags changed',
    impact: 'in place' as const,
    ...(batch.every(({ owner }) => owner === batch[0]?.owner) && batch[0] ? { owner: batch[0].owner } : {}),
  })
  const arns = (batch: readonly TagChange[]) => batch.map(({ resource }) => resource)
  return draft({
    steps: [
      ...adds.map(({ change, batch }) =>
        step(
          { call: 'AddTags', resources: arns(batch), tags: change },
          why(batch, Object.keys(change).join(',')),
        ),
      ),
      ...removes.map(({ change, batch }) =>
        step({ call: 'RemoveTags', resources: arns(batch), keys: change }, why(batch, change.join(','))),
      ),
    ],
  })
}

function batches<T>(
  changes: readonly TagChange[],
  part: (change: TagChange) => T,
  some: (change: T) => boolean,
): { readonly change: T; readonly batch: readonly TagChange[] }[] {
  const groups = new Map<string, { change: T; members: TagChange[] }>()
  for (const change of changes) {
    if (!some(part(change))) continue
    const key = canonical(part(change))
    const found = groups.get(key) ?? { change: part(change), members: [] }
    found.members.push(change)
    groups.set(key, found)
  }
  return [...groups.values()].flatMap(({ change, members }) =>
    chunks(
      members.sort((a, b) => byText(a.resource, b.resource)),
      20,
    ).map((batch) => ({ change, batch })),
  )
}
