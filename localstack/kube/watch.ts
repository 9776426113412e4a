/** Watches: what is there, what changed since, then every change as it happens; one JSON line each. */
import type { Fields, KubeObject } from './object.ts'
import { shownAs } from './list.ts'
import { type Call, isTrue } from './request.ts'
import { apiVersionOf } from './resource.ts'
import { type Match, matchOf } from './selector.ts'
import { badRequest, expired, forbiddenField, invalid, statusOf } from './status.ts'
import type { Change, ChangeType } from './history.ts'
import type { Store } from './store.ts'
import { type Channel, createChannel } from './channel.ts'
import { formOf, table } from './table/render.ts'

export type WatchOptions = {
  /** Whether `sendInitialEvents` is understood. */
  readonly watchList: boolean
  readonly bookmarkMs: number
}

export type Ended = 'end' | 'reset' | 'garbage'
export type Watches = {
  readonly open: (call: Call) => AsyncIterable<Uint8Array>
  /** Ends every watch: cleanly, by a broken connection, or after a line that is no JSON. */
  readonly drop: (how: Ended) => void
  readonly count: () => number
}

const initialEventsEnd = { 'k8s.io/initial-events-end': 'true' }

/** Seen through a selector, a change may be the object's coming or going. Undefined: not seen at all. */
function seen(change: Change, match: Match): { type: ChangeType; object: KubeObject } | undefined {
  const { object, previous, revision } = change
  const was = previous !== undefined && match(previous)
  const is = change.type !== 'DELETED' && match(object)
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object }
  if (!was) return undefined
  const metadata = { ...previous.metadata, resourceVersion: `${revision}` }
  return { type: 'DELETED', object: { ...(change.type === 'DELETED' ? object : previous), metadata } }
}

function check(call: Call, options: WatchOptions): void {
  const asked = call.query.get('sendInitialEvents')
  const refuse = (why: string): Error =>
    invalid({ ...call.resource, kind: 'ListOptions', group: 'meta.k8s.io' }, '', [
      forbiddenField('sendInitialEvents', why),
    ])
  if (asked === null) return
  if (!options.watchList)
    throw refuse('sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled')
  if (call.query.get('resourceVersionMatch') !== 'NotOlderThan')
    throw refuse('resourceVersionMatch must be NotOlderThan when sendInitialEvents is set')
}

type Send = (type: string, object: Fields) => void

function sender(call: Call, channel: Channel): Send {
  const asTable = formOf(call.request.headers.accept) === 'table'
  let columnsSent = false
  return (type, object) => {
    // As the real server: only the first event of a table says what the columns are.
    const plain = asTable && columnsSent ? { ...object, columnDefinitions: null } : object
    columnsSent = true
    channel.push(`${JSON.stringify({ type, object: plain })}\n`)
  }
}

function bookmarkOf(store: Store, call: Call, annotations?: Fields): Fields {
  const { resource } = call
  const marks = annotations === undefined ? {} : { annotations }
  const metadata = { resourceVersion: `${store.revision()}`, creationTimestamp: null, ...marks }
  if (formOf(call.request.headers.accept) === 'table') return table(resource, [], metadata, 'None')
  return { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata }
}

/** Sends what is asked for and goes on with every change; answers how to stop, or undefined when it can't begin. */
function feed(store: Store, call: Call, channel: Channel, from: number): (() => void) | undefined {
  const { resource, namespace, name, query } = call
  const selected = matchOf(resource, query, name)
  const match: Match = (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) && selected(object)
  const send = sender(call, channel)
  const report = (change: Change): void => {
    const event = seen(change, match)
    if (event !== undefined) send(event.type, shownAs(call, event.object))
  }
  const initial = query.get('sendInitialEvents')
  if (isTrue(initial) || (initial === null && from === 0)) {
    for (const object of store.list(resource.storage, namespace))
      if (match(object)) send('ADDED', shownAs(call, object))
    if (isTrue(initial) && isTrue(query.get('allowWatchBookmarks')))
      send('BOOKMARK', bookmarkOf(store, call, initialEventsEnd))
  } else if (from > 0) {
    const missed = store.since(resource.storage, from)
    if (missed === undefined) {
      const gone = expired(`too old resource version: ${from} (${store.revision()})`)
      channel.push(`${JSON.stringify({ type: 'ERROR', object: statusOf(gone) })}\n`)
      return undefined
    }
    for (const change of missed) report(change)
  }
  return store.subscribe(resource.storage, (change) => {
    if (change.revision > from) report(change)
  })
}

/** Timers never keep the process alive. */
function keepTime(store: Store, call: Call, channel: Channel, bookmarkMs: number): () => void {
  const send = sender(call, channel)
  const bookmarks = isTrue(call.query.get('allowWatchBookmarks'))
    ? setInterval(() => send('BOOKMARK', bookmarkOf(store, call)), bookmarkMs).unref()
    : undefined
  const seconds = Number(call.query.get('timeoutSeconds') ?? '0')
  const timeout = seconds > 0 ? setTimeout(() => channel.end(), seconds * 1000).unref() : undefined
  return () => {
    clearInterval(bookmarks)
    clearTimeout(timeout)
  }
}

export function createWatches(store: Store, options: WatchOptions): Watches {
  const channels = new Set<Channel>()
  return {
    open: (call) => {
      check(call, options)
      const since = call.query.get('resourceVersion') ?? ''
      const from = Number(since === '' ? '0' : since)
      if (Number.isNaN(from)) throw badRequest(`Invalid value: "${since}": strconv.ParseUint: invalid syntax`)
      const channel = createChannel()
      const stopFeed = feed(store, call, channel, from)
      const stopTime = keepTime(store, call, channel, options.bookmarkMs)
      channels.add(channel)
      channel.onEnd(() => {
        channels.delete(channel)
        stopFeed?.()
        stopTime()
      })
      call.request.signal?.addEventListener('abort', () => channel.end(), { once: true })
      if (stopFeed === undefined || call.request.signal?.aborted === true) channel.end()
      return channel.chunks
    },
    count: () => channels.size,
    drop: (how) => {
      for (const channel of channels) {
        if (how === 'garbage') channel.push('{"type":"ADDED","obj\n')
        channel.end(how === 'reset' ? connectionReset() : undefined)
      }
    },
  }
}

/** What a client sees of a connection that broke. */
export const connectionReset = (): Error => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
