/** Keeps a store equal to what the API server has of one kind, through every error, until it is stopped. */
import type { Kube } from '../kube/client.ts'
import { describeError, errorOfThrown, isExpired, type KubeError } from '../kube/error.ts'
import type { Resource } from '../kube/resource.ts'
import type { KubeObject } from '../model/cluster.ts'
import { type Backoff, createBackoff } from './backoff.ts'
import { listAll, type Part } from './list-all.ts'
import { pause } from './pause.ts'
import type { StoreWriter } from './store.ts'
import { followWatch, type WatchEnd } from './watch-stream.ts'

export type ReflectorState = {
  readonly synced: boolean
  /** The last failure, while there has been no success since. */
  readonly error?: string
  /** In a row, up to now. */
  readonly failures: number
  /** When the API server was last heard of, in milliseconds since 1970; 0 for never. */
  readonly heardAtMs: number
}
export type Reflector = {
  /** True once the first full state is in the store; false when stopped before. */
  readonly synced: Promise<boolean>
  state(): ReflectorState
  /** Settles when nothing of it runs any more. */
  stop(): Promise<void>
}
export type ReflectorOptions<T extends KubeObject> = {
  readonly kube: Kube
  readonly resource: Resource<T>
  readonly store: StoreWriter<T>
  /** Keeps of an object what the store is to hold. */
  readonly transform: (object: T) => T
  readonly onError?: (error: KubeError, waitMs: number) => void
  /** All of the kind if absent. A part begins with a list: it is small, and a server that can't send it by watch takes long to show that. */
  readonly only?: Part
  /** The API server answered with what it has of the kind. */
  readonly onHeard?: () => void
}

const leastWaitMs = 800
const mostWaitMs = 30_000
/** A version that the server keeps failing on may be one that it has never heard of (a restored etcd): list anew. */
const failuresBeforeRelist = 6
/** A watch that ends sooner than this without news is a failure, or a broken proxy would make a hot loop. */
const shortestMs = 1_000

type Progress = {
  readonly backoff: Backoff
  readonly signal: AbortSignal
  readonly announce: (synced: boolean) => void
  synced: boolean
  error: string
  heardAtMs: number
  /** Empty: the whole state is needed first. */
  resourceVersion: string
  /** Events and bookmarks of the watch proper. */
  news: number
  /** Until the server refuses it. */
  watchList: boolean
}

function fill<T extends KubeObject>(
  { store, onHeard }: ReflectorOptions<T>,
  progress: Progress,
  objects: readonly T[],
  resourceVersion: string,
): void {
  if (!resourceVersion) throw new Error('a list without resourceVersion')
  store.replace(objects)
  progress.resourceVersion = resourceVersion
  progress.heardAtMs = Date.now()
  progress.synced = true
  progress.announce(true)
  onHeard?.()
}

const follow = <T extends KubeObject>(options: ReflectorOptions<T>, progress: Progress): Promise<WatchEnd> =>
  followWatch<T>({
    kube: options.kube,
    resource: options.resource,
    signal: progress.signal,
    ...(options.only ? { only: options.only } : {}),
    resourceVersion: progress.resourceVersion,
    initial: progress.resourceVersion === '',
    transform: options.transform,
    onHeard: () => {
      progress.heardAtMs = Date.now()
      progress.error = ''
      if (progress.synced) options.onHeard?.()
    },
    onAll: (objects, version) => fill(options, progress, objects, version),
    onEvent: ({ type, object }) => {
      if (type === 'DELETED') options.store.remove(object)
      else if (type !== 'BOOKMARK') options.store.set(options.transform(object))
      progress.resourceVersion = object.metadata.resourceVersion ?? progress.resourceVersion
      progress.news += 1
    },
  })

async function list<T extends KubeObject>(
  options: ReflectorOptions<T>,
  progress: Progress,
): Promise<KubeError | undefined> {
  const answer = await listAll(
    options.kube,
    options.resource,
    progress.signal,
    options.transform,
    options.only,
  )
  if (!answer.ok) return answer.error
  fill(options, progress, answer.value.items, answer.value.resourceVersion)
  return undefined
}

/** Whether a watch that should have begun with the whole state shows that the server can't do that. */
const lacksWatchList = ({ error, silent }: WatchEnd): boolean =>
  silent === true || error?.status === 400 || error?.status === 422

/** One list or one watch. Undefined: go on at once. */
async function round<T extends KubeObject>(
  options: ReflectorOptions<T>,
  progress: Progress,
): Promise<KubeError | undefined> {
  const initial = progress.resourceVersion === ''
  if (initial && !progress.watchList) return list(options, progress)
  const began = Date.now()
  const newsBefore = progress.news
  const end = await follow(options, progress)
  if (initial && progress.resourceVersion === '' && lacksWatchList(end)) {
    progress.watchList = false
    return undefined
  }
  const quick = Date.now() - began < shortestMs
  if (progress.news > newsBefore || (!end.error && !quick)) progress.backoff.reset()
  if (end.error && isExpired(end.error)) {
    progress.resourceVersion = ''
    if (progress.backoff.failures > 0) return end.error
    // The first time at once; counted, because a server that says so after every list must be waited for.
    progress.backoff.next()
    return undefined
  }
  if (end.error || !quick || progress.news > newsBefore) return end.error
  return { status: 0, reason: 'Unreachable', message: 'the watch ended at once' }
}

async function run<T extends KubeObject>(options: ReflectorOptions<T>, progress: Progress): Promise<void> {
  const { backoff, signal } = progress
  while (!signal.aborted) {
    const error = await round(options, progress).catch((thrown: unknown) => errorOfThrown(thrown, 'Garbage'))
    if (signal.aborted) return
    progress.error = error ? describeError(error) : ''
    if (!error) continue
    const waitMs = Math.max(backoff.next(), (error.retryAfterSeconds ?? 0) * 1000)
    if (backoff.failures % failuresBeforeRelist === 0) progress.resourceVersion = ''
    options.onError?.(error, waitMs)
    await pause(waitMs, signal)
  }
}

export function startReflector<T extends KubeObject>(options: ReflectorOptions<T>): Reflector {
  const stopping = new AbortController()
  const synced = Promise.withResolvers<boolean>()
  const progress: Progress = {
    backoff: createBackoff(leastWaitMs, mostWaitMs),
    signal: stopping.signal,
    announce: synced.resolve,
    synced: false,
    error: '',
    heardAtMs: 0,
    resourceVersion: '',
    news: 0,
    watchList: options.only === undefined,
  }
  const running = run(options, progress)
  return {
    synced: synced.promise,
    state: () => ({
      synced: progress.synced,
      failures: progress.error ? progress.backoff.failures : 0,
      heardAtMs: progress.heardAtMs,
      ...(progress.error ? { error: progress.error } : {}),
    }),
    stop: async () => {
      stopping.abort()
      synced.resolve(false)
      await running
    },
  }
}
