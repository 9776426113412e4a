/** What is timed, told on a channel of Node's own: costs nothing while nobody listens, and knows no tracing library. */
import { tracingChannel } from 'node:diagnostics_channel'

export type Span = {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
}
/** `tracePromise` adds what came of it. */
export type EndedSpan = Span & { readonly result?: unknown; readonly error?: unknown }

export const spans = tracingChannel<unknown, Span>('albatross:span')

export const traced = <T>(span: Span, work: () => Promise<T>): Promise<T> =>
  spans.hasSubscribers ? spans.tracePromise(work, { ...span }) : work()
