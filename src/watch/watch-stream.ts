/** One watch from its opening to its end, whatever ends it: events out, and why it ended. */
import type { Kube } from '../kube/client.ts'
import { errorOfStatus, errorOfThrown, type KubeError } from '../kube/error.ts'
import type { Resource } from '../kube/resource.ts'
import type { KubeObject } from '../model/cluster.ts'
import { lineSplitter } from './lines.ts'
import type { Part } from './list-all.ts'

type WatchEvent<T> = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: T
}
export type WatchEnd = {
  /** Undefined when the server closed it in order, or nothing was heard for long. */
  readonly error?: KubeError
  /** Ended by our idle timer. */
  readonly silent?: boolean
}
export type Watch<T extends KubeObject> = {
  readonly kube: Kube
  readonly resource: Resource<T>
  readonly signal: AbortSignal
  readonly only?: Part
  readonly resourceVersion: string
  /** Ask for the whole state first (WatchList). */
  readonly initial: boolean
  /** Of the whole state each object goes through it as it arrives: a large cluster's pods do not fit into memory as they are. */
  readonly transform: (object: T) => T
  /** When it is open, and at everything that comes. */
  readonly onHeard: () => void
  /** The whole state, when it was asked for. */
  readonly onAll: (objects: readonly T[], resourceVersion: string) => void
  readonly onEvent: (event: WatchEvent<T>) => void
}

/** The server sends a bookmark a minute; what is silent for longer has lost its connection. */
const idleMs = 150_000
/** The whole state begins at once, or the server does not know how to send it. */
const idleInitialMs = 30_000
const initialEventsEnd = 'k8s.io/initial-events-end'

const types = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'])

/** Throws on garbage: what follows in a stream can't be trusted then. */
function parse<T extends KubeObject>(line: string): WatchEvent<T> | KubeError {
  const event: { readonly type?: unknown; readonly object?: T } = JSON.parse(line)
  if (event.type === 'ERROR') return errorOfStatus(event.object)
  const metadata = event.object?.metadata
  if (!types.has(String(event.type)) || !metadata) throw new Error('not a watch event')
  if (event.type !== 'BOOKMARK' && !metadata.name) throw new Error('an object without name')
  return event as WatchEvent<T>
}

const query = ({
  initial,
  resourceVersion,
}: Pick<Watch<KubeObject>, 'initial' | 'resourceVersion'>): Record<string, string | number | boolean> => ({
  allowWatchBookmarks: true,
  // Random, so that the watches of many replicas don't end together.
  timeoutSeconds: 300 + Math.floor(Math.random() * 301),
  resourceVersion,
  ...(initial ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' } : {}),
})

/** Hands events on, holding those of the initial state back until it is whole. */
function receiver<T extends KubeObject>(watch: Watch<T>): (line: string) => KubeError | undefined {
  let gathered: Map<string, T> | undefined = watch.initial ? new Map() : undefined
  return (line) => {
    const event = parse<T>(line)
    if (!('type' in event)) return event
    if (!gathered) {
      watch.onEvent(event)
      return undefined
    }
    const { metadata } = event.object
    const key = `${metadata.namespace ?? ''}/${metadata.name}`
    if (event.type === 'DELETED') gathered.delete(key)
    else if (event.type !== 'BOOKMARK') gathered.set(key, watch.transform(event.object))
    else if (metadata.annotations?.[initialEventsEnd] === 'true') {
      watch.onAll([...gathered.values()], metadata.resourceVersion ?? '')
      gathered = undefined
    }
    return undefined
  }
}

export async function followWatch<T extends KubeObject>(watch: Watch<T>): Promise<WatchEnd> {
  const idle = new AbortController()
  const signal = AbortSignal.any([watch.signal, idle.signal])
  let whole = !watch.initial
  const rest = (): ReturnType<typeof setTimeout> =>
    setTimeout(() => idle.abort(), whole ? idleMs : idleInitialMs)
  const opened = await watch.kube.watch(watch.resource, { ...watch.only, ...query(watch) }, signal)
  if (!opened.ok) return { error: opened.error }
  watch.onHeard()
  let timer = rest()
  try {
    const receive = receiver({
      ...watch,
      onAll: (objects, version) => {
        whole = true
        watch.onAll(objects, version)
      },
    })
    const onHeard = (): void => {
      watch.onHeard()
      clearTimeout(timer)
      timer = rest()
    }
    const error = await untilEnd(opened.value, { signal, onHeard, onLine: receive })
    if (idle.signal.aborted) return { silent: true }
    return error ? { error } : {}
  } finally {
    clearTimeout(timer)
    // A stream that we stop reading must be closed, or its socket stays.
    idle.abort()
  }
}

/** Reads lines until the stream ends, breaks or one of them says stop; also when the stream ignores its signal. */
async function untilEnd(
  stream: AsyncIterable<Uint8Array>,
  {
    signal,
    onHeard,
    onLine,
  }: {
    readonly signal: AbortSignal
    readonly onHeard: () => void
    readonly onLine: (line: string) => KubeError | undefined
  },
): Promise<KubeError | undefined> {
  const lines = lineSplitter()
  const iterator = stream[Symbol.asyncIterator]()
  let error: KubeError | undefined
  let wake: () => void = () => undefined
  const abort = (): void => wake()
  signal.addEventListener('abort', abort)
  try {
    while (!error && !signal.aborted) {
      // Not Promise.race with one promise for all rounds: that keeps every chunk's reaction alive until the end.
      const next = await new Promise<IteratorResult<Uint8Array> | undefined>((resolve, reject) => {
        wake = () => resolve(undefined)
        iterator.next().then(resolve, reject)
      })
      if (!next || next.done) break
      onHeard()
      lines.push(next.value, (line) => {
        error ??= guarded(() => onLine(line))
      })
    }
    return error
  } catch (thrown) {
    return errorOfThrown(thrown)
  } finally {
    signal.removeEventListener('abort', abort)
    void Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
}

function guarded(run: () => KubeError | undefined): KubeError | undefined {
  try {
    return run()
  } catch (thrown) {
    return errorOfThrown(thrown, 'Garbage')
  }
}
