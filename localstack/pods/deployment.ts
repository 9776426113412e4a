/** Plays the Deployment and ReplicaSet controllers: templates become ReplicaSets, those become pods, rolling as told. */
import { sha256 } from '../../src/lib/hash.ts'
import { canonical, equal } from '../../src/lib/json.ts'
import { type Api, type Item, merge } from './api.ts'
import { type Deployment, isReady, type Pod, type ReplicaSet } from './kinds.ts'

type World = {
  readonly deployments: ReadonlyMap<string, Deployment>
  readonly replicaSets: ReadonlyMap<string, ReplicaSet>
  readonly pods: ReadonlyMap<string, Pod>
}

const apps = (kind: string, item: Item): string =>
  `/apis/apps/v1/namespaces/${item.metadata.namespace ?? ''}/${kind}`
const ownedBy = (item: Item, owner: Item): boolean =>
  item.metadata.ownerReferences?.some((reference) => reference.uid === owner.metadata.uid) ?? false
const reference = (apiVersion: string, kind: string, owner: Item): object[] => [
  {
    apiVersion,
    kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  },
]
const alive = (pod: Pod): boolean => pod.metadata.deletionTimestamp === undefined

export async function syncDeployments(api: Api, world: World): Promise<void> {
  await dropOrphans(api, world)
  for (const deployment of world.deployments.values()) {
    if (deployment.metadata.deletionTimestamp === undefined) await syncDeployment(api, world, deployment)
  }
  for (const replicaSet of world.replicaSets.values()) {
    if (replicaSet.metadata.deletionTimestamp === undefined) await syncReplicaSet(api, world, replicaSet)
  }
}

/** What the garbage collector does, too, but on a real cluster only after a while. */
async function dropOrphans(api: Api, { deployments, replicaSets, pods }: World): Promise<void> {
  const living = (owners: ReadonlyMap<string, Item>): ReadonlySet<string> =>
    new Set([...owners.values()].map(({ metadata }) => metadata.uid))
  const owners = { Deployment: living(deployments), ReplicaSet: living(replicaSets) }
  const isOrphan = (item: Item, kind: keyof typeof owners): boolean =>
    item.metadata.deletionTimestamp === undefined &&
    (item.metadata.ownerReferences ?? []).some((owner) => owner.kind === kind && !owners[kind].has(owner.uid))
  for (const set of replicaSets.values()) {
    if (isOrphan(set, 'Deployment'))
      await api.call('DELETE', `${apps('replicasets', set)}/${set.metadata.name}`)
  }
  for (const pod of pods.values()) {
    if (!isOrphan(pod, 'ReplicaSet')) continue
    await api.call('DELETE', `/api/v1/namespaces/${pod.metadata.namespace ?? ''}/pods/${pod.metadata.name}`)
  }
}

/** As Kubernetes writes hashes in names: without vowels, so that no word comes of it. */
const safe = (hash: string): string =>
  hash.replaceAll(/./g, (digit) => 'bcdfghjklmnpqrst'[Number.parseInt(digit, 16)] ?? '')

async function syncDeployment(api: Api, world: World, deployment: Deployment): Promise<void> {
  const wanted = deployment.spec.replicas ?? 1
  const sets = [...world.replicaSets.values()].filter((set) => ownedBy(set, deployment))
  const hash = safe(sha256(canonical(deployment.spec.template)).slice(0, 10))
  const current = sets.find((set) => set.metadata.labels?.['pod-template-hash'] === hash)
  const old = sets.filter((set) => set !== current && (set.spec.replicas ?? 0) > 0)
  if (current === undefined) {
    await createReplicaSet(api, deployment, hash, old.length === 0 ? wanted : 0)
    return
  }
  const pods = [...world.pods.values()].filter((pod) => sets.some((set) => ownedBy(pod, set)) && alive(pod))
  const ready = pods.filter(isReady).length
  const sizes = rollingSizes(deployment, current, old, ready)
  for (const [set, replicas] of sizes) {
    if ((set.spec.replicas ?? 0) !== replicas)
      await merge(api, `${apps('replicasets', set)}/${set.metadata.name}`, { spec: { replicas } })
  }
  const updated = pods.filter((pod) => ownedBy(pod, current)).length
  await writeStatus(api, deployment, { wanted, total: pods.length, ready, updated })
}

/** How many each ReplicaSet should have now: the new one grows by the surge, the old ones shrink as pods become ready. */
function rollingSizes(
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
  ready: number,
): [ReplicaSet, number][] {
  const wanted = deployment.spec.replicas ?? 1
  if (old.length === 0) return [[current, wanted]]
  const rolling = deployment.spec.strategy?.rollingUpdate
  const surge = Math.max(1, amount(rolling?.maxSurge ?? '25%', wanted, Math.ceil))
  const unavailable = amount(rolling?.maxUnavailable ?? '25%', wanted, Math.floor)
  const oldTotal = old.reduce((sum, set) => sum + (set.spec.replicas ?? 0), 0)
  const grown = Math.min(wanted, Math.max(current.spec.replicas ?? 0, wanted + surge - oldTotal))
  let spare = Math.max(0, ready - (wanted - unavailable))
  return [
    [current, grown],
    ...old.map((set): [ReplicaSet, number] => {
      const take = Math.min(spare, set.spec.replicas ?? 0)
      spare -= take
      return [set, (set.spec.replicas ?? 0) - take]
    }),
  ]
}

const amount = (value: number | string, of: number, round: (x: number) => number): number =>
  typeof value === 'number'
    ? value
    : value.endsWith('%')
      ? round((Number(value.slice(0, -1)) / 100) * of)
      : Number(value)

async function createReplicaSet(
  api: Api,
  deployment: Deployment,
  hash: string,
  replicas: number,
): Promise<void> {
  const labels = { ...deployment.spec.template.metadata?.labels, 'pod-template-hash': hash }
  await api.call('POST', apps('replicasets', deployment), {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      labels,
      ownerReferences: reference('apps/v1', 'Deployment', deployment),
    },
    spec: {
      replicas,
      selector: { matchLabels: { ...deployment.spec.selector.matchLabels, 'pod-template-hash': hash } },
      template: { ...deployment.spec.template, metadata: { ...deployment.spec.template.metadata, labels } },
    },
  })
}

async function writeStatus(
  api: Api,
  deployment: Deployment,
  { wanted, total, ready, updated }: { wanted: number; total: number; ready: number; updated: number },
): Promise<void> {
  const available = ready >= wanted
  const status = {
    observedGeneration: deployment.metadata.generation ?? 1,
    replicas: total,
    readyReplicas: ready,
    availableReplicas: ready,
    updatedReplicas: updated,
    unavailableReplicas: Math.max(0, wanted - ready),
    conditions: [
      {
        type: 'Available',
        status: available ? 'True' : 'False',
        reason: available ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
      },
      {
        type: 'Progressing',
        status: 'True',
        reason: updated >= wanted && available ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated',
      },
    ],
  }
  if (equal(deployment.status, status)) return
  await merge(api, `${apps('deployments', deployment)}/${deployment.metadata.name}/status`, { status })
}

async function syncReplicaSet(api: Api, world: World, set: ReplicaSet): Promise<void> {
  const pods = [...world.pods.values()].filter((pod) => ownedBy(pod, set) && alive(pod))
  const wanted = set.spec.replicas ?? 1
  const path = `/api/v1/namespaces/${set.metadata.namespace ?? ''}/pods`
  for (let i = pods.length; i < wanted; i += 1) {
    await api.call('POST', path, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: `${set.metadata.name}-`,
        ...set.spec.template.metadata,
        ownerReferences: reference('apps/v1', 'ReplicaSet', set),
      },
      spec: set.spec.template.spec,
    })
  }
  // Not ready ones go first, then the youngest, as the real controller picks.
  const surplus = [...pods].sort(
    (a, b) =>
      Number(isReady(a)) - Number(isReady(b)) ||
      (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1),
  )
  for (const pod of surplus.slice(0, Math.max(0, pods.length - wanted))) {
    await api.call('DELETE', `${path}/${pod.metadata.name}`)
  }
  const status = {
    replicas: pods.length,
    readyReplicas: pods.filter(isReady).length,
    observedGeneration: set.metadata.generation ?? 1,
  }
  if (!equal(set.status, status))
    await merge(api, `${apps('replicasets', set)}/${set.metadata.name}/status`, { status })
}
