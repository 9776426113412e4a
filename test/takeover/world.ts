/** A recorded cluster and account with our controller in it: before ALBC's first write, or as ALBC left them. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { parseAllDocuments } from 'yaml'
import type { Account } from '../../localstack/aws/account.ts'
import { inProcess } from '../../localstack/aws/in-process.ts'
import type { JournalEntry } from '../../localstack/aws/journal.ts'
import type { Change } from '../../localstack/kube/history.ts'
import type { KubeObject } from '../../localstack/kube/object.ts'
import { type ApiServer, createApiServer } from '../../localstack/kube/server.ts'
import { timings } from '../../localstack/timing.ts'
import { readConfig } from '../../src/config.ts'
import { equal } from '../../src/lib/json.ts'
import { type Running, start } from '../../src/start.ts'
import { type ClusterAfter, readAfter, type RecordedCall, type TakeoverCase } from './load.ts'
import { replayCloud } from './replay.ts'

const accessKey = 'CONTROLLER'
/** How long a state may take to come about. */
export const patienceMs = 40_000

export type RecordedWorld = {
  readonly account: Account
  /** What the controller wrote to AWS, in order. */
  writes(): readonly JournalEntry[]
  /** What changed in the cluster besides status and events. */
  changes(): readonly string[]
  objects(kind: string): readonly KubeObject[]
  /** Deletes every Ingress and every binding that a user wrote; an Ingress that protects its load balancer is shown to hold, then told to let go. */
  removeAll(): Promise<void>
  /** A recorded write, by somebody else than the controller. */
  replay(call: RecordedCall): Promise<unknown>
  /** A user's edits: the objects are now those of `next`; what is missing there is deleted. */
  become(next: TakeoverCase['objects']): Promise<void>
  controller(): Running
  /** Until nothing runs and nothing has changed for a while. */
  quiet(): Promise<void>
  /** Warnings and errors that the controllers logged. */
  readonly complaints: readonly string[]
  end(): Promise<void>
}

export async function startRecordedWorld(
  recorded: TakeoverCase,
  from: 'before' | 'as ALBC left it',
): Promise<RecordedWorld> {
  const { rawFacts, calls, name } = recorded
  const cloud = replayCloud(recorded, timings.instant)
  const account = cloud.account(rawFacts.account, rawFacts.region)
  const api = createApiServer({ namespaceDelayMs: 0 })
  fill(api, definitions())
  if (from === 'before') fill(api, recorded.objects)
  else {
    for (const call of calls) if (call.error === undefined) await cloud.replay(call)
    fill(api, merged(recorded.objects, readAfter(name)))
  }
  const changed: Change[] = []
  api.store.subscribe(undefined, (change) => changed.push(change))
  const running: Running[] = []
  const complaints: string[] = []
  const log = pino({ level: 'warn', base: null }, { write: (line: string) => complaints.push(line) })
  const settled = (): string => `${api.store.revision()} ${cloud.journal.since().length}`
  const quiet = async (): Promise<void> => {
    for (let calm = 0, before = ''; calm < 3; calm = settled() === before ? calm + 1 : 0) {
      before = settled()
      for (const controller of running) await controller.idle()
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  return {
    account,
    complaints,
    writes: () => cloud.journal.since().filter((entry) => entry.write && entry.accessKey === accessKey),
    changes: () => changed.filter((change) => !isOnlyStatus(change)).map(told),
    objects: (kind) => api.store.list(storageOf(kind)),
    removeAll: async () => {
      const ingresses = api.store.list(storageOf('Ingress'))
      for (const ingress of ingresses) await call(api, 'DELETE', ingress)
      for (const object of recorded.bindings) {
        const stored = storedAs(api, object)
        if (stored !== undefined) await call(api, 'DELETE', stored)
      }
      const guarded = ingresses.filter((ingress) => attributesOf(ingress).includes(protection))
      if (guarded.length > 0) await quiet()
      for (const ingress of guarded) {
        assert.ok(account.loadBalancers.size > 0 && account.targetGroups.size > 0)
        const annotations = {
          [attributes]: attributesOf(ingress).replace(protection, 'deletion_protection.enabled=false'),
        }
        await call(api, 'PATCH', ingress, { metadata: { annotations } })
      }
    },
    replay: (call) => cloud.replay(call),
    become: async (next) => {
      const keys = new Set(next.map(keyOf))
      for (const object of recorded.objects) if (!keys.has(keyOf(object))) await remove(api, object)
      for (const object of next) await edit(api, object)
    },
    controller: () => {
      const config = readConfig([...flagsOf(recorded), ...ownFlags], {})
      if (!config.ok) throw new Error(config.error.join('\n'))
      const credentials = { accessKeyId: accessKey, secretAccessKey: 'local' }
      const aws = { requestHandler: inProcess(cloud.handle), credentials }
      const controller = start({ config: config.value, kube: api.handle, aws, log })
      running.push(controller)
      return controller
    },
    quiet,
    end: async () => {
      for (const controller of running) await controller.stop()
      api.stop()
    },
  }
}

const attributes = 'alb.ingress.kubernetes.io/load-balancer-attributes'
const protection = 'deletion_protection.enabled=true'
const attributesOf = ({ metadata }: KubeObject): string => metadata.annotations?.[attributes] ?? ''

async function call(api: ApiServer, method: string, object: KubeObject, patch?: object): Promise<void> {
  const { apiVersion, metadata } = object
  const [plural = ''] = storageOf(object.kind).split('.')
  const path = `/apis/${apiVersion}/namespaces/${metadata.namespace}/${plural}/${metadata.name}`
  const headers = { 'content-type': 'application/merge-patch+json' }
  const { status } = await api.handle({ method, path, headers, body: JSON.stringify(patch ?? {}) })
  assert.ok(status < 300, `${method} ${path}: ${status}`)
}

/** A load balancer that was replaced stays for a moment, not for a quarter of an hour. */
const ownFlags = ['--enable-leader-election=false', '--replacement-grace=200ms']

const flagsOf = ({ rawFacts, flags }: TakeoverCase): readonly string[] => [
  `--cluster-name=${rawFacts.clusterName}`,
  `--aws-region=${rawFacts.region}`,
  `--aws-vpc-id=${rawFacts.vpcId}`,
  ...flags,
]

const storages: Readonly<Record<string, string>> = {
  Ingress: 'ingresses.networking.k8s.io',
  IngressClass: 'ingressclasses.networking.k8s.io',
  EndpointSlice: 'endpointslices.discovery.k8s.io',
  TargetGroupBinding: 'targetgroupbindings.elbv2.k8s.aws',
  IngressClassParams: 'ingressclassparams.elbv2.k8s.aws',
  CustomResourceDefinition: 'customresourcedefinitions.apiextensions.k8s.io',
}
const storageOf = (kind = ''): string => storages[kind] ?? `${kind.toLowerCase()}s`

/** Past the API: uid, status and finalizers are the recorded ones. */
function fill(api: ApiServer, objects: readonly RecordedObject[]): void {
  for (const object of objects) {
    const metadata = { generation: 1, creationTimestamp: '2026-11-01T00:00:00Z', ...object.metadata }
    api.store.put(storageOf(object.kind), structuredClone({ ...object, metadata }) as unknown as KubeObject)
  }
}
type RecordedObject = { readonly kind?: string; readonly metadata: object }

function definitions(): readonly RecordedObject[] {
  const folder = join(import.meta.dirname, '../../crds')
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')))
    .map((document) => document.toJSON() as RecordedObject)
}

const keyOf = ({ kind, metadata }: RecordedObject): string => {
  const { namespace = '', name } = metadata as { namespace?: string; name: string }
  return `${kind} ${namespace}/${name}`
}

const storedAs = (api: ApiServer, { kind, metadata }: RecordedObject): KubeObject | undefined => {
  const { namespace, name } = metadata as { namespace?: string; name: string }
  return api.store.get(storageOf(kind), namespace, name)
}

async function remove(api: ApiServer, object: RecordedObject): Promise<void> {
  const stored = storedAs(api, object)
  if (stored?.kind === 'Ingress') await call(api, 'DELETE', stored)
  else if (stored !== undefined) api.store.remove(storageOf(stored.kind), stored)
}

/** Of an Ingress: spec, annotations and labels, as `kubectl apply` would; of the rest, all. */
async function edit(api: ApiServer, object: RecordedObject): Promise<void> {
  const stored = storedAs(api, object)
  if (stored === undefined || object.kind !== 'Ingress') {
    const { resourceVersion: _now, ...known } = stored?.metadata ?? {}
    if (
      stored === undefined ||
      !equal({ ...object, metadata: { ...known, ...object.metadata } }, { ...stored, metadata: known })
    )
      fill(api, [{ ...object, metadata: { ...known, ...object.metadata } }])
    return
  }
  const { spec, metadata } = object as unknown as KubeObject
  const gone = Object.keys(stored.metadata.annotations ?? {}).map((key) => [key, null])
  const annotations = { ...Object.fromEntries(gone), ...metadata.annotations }
  await call(api, 'PATCH', stored, { spec, metadata: { annotations } })
}

/** What ALBC wrote lies over what was there; of a Pod, its conditions are added. */
function merged(before: TakeoverCase['objects'], after: ClusterAfter): readonly RecordedObject[] {
  const objects = new Map<string, RecordedObject>(before.map((object) => [keyOf(object), object]))
  for (const written of after) {
    const old = objects.get(keyOf(written)) as (RecordedObject & { status?: Status }) | undefined
    const conditions = [...(old?.status?.conditions ?? []), ...(written.status?.conditions ?? [])]
    const status = { ...old?.status, ...written.status, ...(conditions.length > 0 ? { conditions } : {}) }
    objects.set(keyOf(written), {
      ...old,
      ...written,
      metadata: { ...old?.metadata, ...written.metadata },
      ...(old?.status === undefined && written.status === undefined ? {} : { status }),
    } as RecordedObject)
  }
  return [...objects.values()]
}
type Status = { readonly conditions?: readonly unknown[] }

const ownReports = ['ingressreports.albatross.dev', 'ingressgroups.albatross.dev']

function isOnlyStatus({ storage, object, previous }: Change): boolean {
  if (storage.startsWith('events') || ownReports.includes(storage)) return true
  if (previous === undefined) return false
  const substance = ({ metadata, status: _status, ...rest }: KubeObject): unknown => {
    const { resourceVersion: _version, managedFields: _managed, ...kept } = metadata
    return { ...rest, metadata: kept }
  }
  return equal(substance(object), substance(previous))
}

const told = ({ type, storage, object, previous }: Change): string =>
  `${type} ${storage} ${JSON.stringify(object)} before: ${JSON.stringify(previous)}`
