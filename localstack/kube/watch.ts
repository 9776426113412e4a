/** Watches: what is there, what changed since, then every change as it happens; one JSON line each. */
import type { Fields, KubeObject } from './object.ts'
import { shownAs } from './list.ts'
import { type Call, isTrue } from './request.ts'
import { apiVersionOf } from './resource.ts'
import { type Match, matchOf } from './selector.ts'
import { badRequest, expired, forbiddenField, invalid, statusOf } from './status.ts'
import type { Change, ChangeType, Store } from './store.ts'
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

export function createWatches(store: Store, options: WatchOptions): Watches {
  const channels = new Set<Channel>()

  const open = (call: Call): AsyncIterable<Uint8Array> => {
    check(call, options)
    const since = call.query.get('resourceVersion') ?? ''
    const from = Number(since === '' ? '0' : since)
    if (Number.isNaN(from)) throw badRequest(`Invalid value: "${since}": strconv.ParseUint: invalid syntax`)
    const channel = createChannel()
    channels.add(channel)
    const ends: (() => void)[] = [() => channels.delete(channel)]
    channel.onEnd(() => {
      for (const end of ends) end()
    })
    feed(call, channel, from, ends)
    call.request.signal?.addEventListener('abort', () => channel.end(), { once: true })
    if (call.request.signal?.aborted === true) channel.end()
    return channel.chunks
  }

  const feed = (call: Call, channel: Channel, from: number, ends: (() => void)[]): void => {
    const { resource, namespace, name, query } = call
    const selected = matchOf(resource, query, name)
    const match: Match = (object) =>
      (namespace === undefined || object.metadata.namespace === namespace) && selected(object)
    const asTable = formOf(call.request.headers.accept) === 'table'
    let columnsSent = false
    const send = (type: string, object: Fields): void => {
      // As the real server: only the first event of a table says what the columns are.
      const plain =
        asTable && columnsSent && type !== 'ERROR' ? { ...object, columnDefinitions: null } : object
      columnsSent = true
      channel.push(`${JSON.stringify({ type, object: plain })}\n`)
    }
    const report = (change: Change): void => {
      const event = seen(change, match)
      if (event !== undefined) send(event.type, shownAs(call, event.object))
    }
    const bookmark = (annotations?: Fields): void => {
      const metadata = {
        resourceVersion: `${store.revision()}`,
        ...(annotations === undefined ? {} : { annotations }),
      }
      if (asTable) return send('BOOKMARK', table(resource, [], metadata, 'None'))
      send('BOOKMARK', {
        kind: resource.kind,
        apiVersion: apiVersionOf(resource),
        metadata: { ...metadata, creationTimestamp: null },
      })
    }
    const initial = query.get('sendInitialEvents')
    if (isTrue(initial) || (initial === null && from === 0)) {
      for (const object of store.list(resource.storage, namespace))
        if (match(object)) send('ADDED', shownAs(call, object))
      if (isTrue(initial) && isTrue(query.get('allowWatchBookmarks'))) bookmark(initialEventsEnd)
    } else if (from > 0) {
      const missed = store.since(resource.storage, from)
      if (missed === undefined) {
        const gone = expired(`too old resource version: ${from} (${store.revision()})`)
        channel.push(`${JSON.stringify({ type: 'ERROR', object: statusOf(gone) })}\n`)
        return channel.end()
      }
      for (const change of missed) report(change)
    }
    ends.push(store.subscribe(resource.storage, (change) => change.revision > from && report(change)))
    keepTime(call, channel, bookmark, ends)
  }

  const keepTime = (call: Call, channel: Channel, bookmark: () => void, ends: (() => void)[]): void => {
    if (isTrue(call.query.get('allowWatchBookmarks'))) {
      const timer = setInterval(bookmark, options.bookmarkMs)
      timer.unref()
      ends.push(() => clearInterval(timer))
    }
    const seconds = Number(call.query.get('timeoutSeconds') ?? '0')
    if (seconds > 0) {
      const timer = setTimeout(() => channel.end(), seconds * 1000)
      timer.unref()
      ends.push(() => clearTimeout(timer))
    }
  }

  return {
    open,
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
