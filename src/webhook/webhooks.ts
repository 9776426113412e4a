/** Runs the admission webhooks on this replica, leader or not: certificates, server, and what the API server must know of them. */
import type { Logger } from 'pino'
import type { Kube } from '../kube/client.ts'
import { type Address, type Kinds, paths, publish } from './configuration.ts'
import { textOf } from './file-source.ts'
import { leafOf, type Material } from './material.ts'
import type { Reviewer } from './review.ts'
import type { Source } from './secret-source.ts'
import { createReviewServer, type ReviewServer } from './server.ts'

export type Webhooks = {
  /** Settles after the first attempt to serve, whatever came of it. */
  readonly begun: Promise<void>
  state(): WebhookState
  /** What is being answered is answered first. */
  stop(): Promise<void>
}
export type WebhookState = {
  /** What was answered so far. */
  readonly reviews: Readonly<Record<Kinds, Counts>>
  /** Until when the served certificate is valid; absent while nothing is served. */
  readonly untilMs?: number
}
type Counts = { changed: number; unchanged: number; failed: number }

export type WebhookOptions = {
  readonly kube: Pick<Kube, 'get' | 'apply'>
  readonly source: Source
  readonly reviewers: Readonly<Partial<Record<Kinds, Reviewer>>>
  /** Name of the MutatingWebhookConfiguration. */
  readonly name: string
  readonly address: Address
  readonly host?: string | undefined
  readonly port: number
  /** File with the authorities of whom we answer; anybody if absent. */
  readonly clientAuthorities?: string | undefined
  /** Time between two looks at the certificates. */
  readonly pollMs: number
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
}

/** After a look that failed. */
const retryMs = 5_000
const soonMs = 7 * 86_400_000

export function startWebhooks(options: WebhookOptions): Webhooks {
  const { pollMs } = options
  const reviews = { pods: none(), bindings: none() }
  const look = createLook({ ...options, reviewers: counted(options.reviewers, reviews) })
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<void> = Promise.resolve()
  const round = async (): Promise<void> => {
    const good = await look.once()
    if (stopped) return
    timer = setTimeout(
      () => {
        running = round()
      },
      good ? pollMs : Math.min(retryMs, pollMs),
    )
    timer.unref()
  }
  const begun = round()
  running = begun
  return {
    begun,
    state: () => ({ reviews, ...look.served() }),
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await running
      await look.close()
    },
  }
}

const none = (): Counts => ({ changed: 0, unchanged: 0, failed: 0 })

const counted = (
  reviewers: WebhookOptions['reviewers'],
  reviews: Readonly<Record<Kinds, Counts>>,
): WebhookOptions['reviewers'] =>
  Object.fromEntries(
    (Object.entries(reviewers) as [Kinds, Reviewer][]).map(([kind, reviewer]) => {
      const count: Reviewer = async (asked, signal) => {
        let result: keyof Counts = 'failed'
        try {
          const verdict = await reviewer(asked, signal)
          result = verdict.patch?.length ? 'changed' : 'unchanged'
          return verdict
        } finally {
          reviews[kind][result] += 1
        }
      }
      return [kind, count]
    }),
  )

type Look = {
  served(): Pick<WebhookState, 'untilMs'>
  /** Never throws; false: something is not as it should be. */
  once(): Promise<boolean>
  close(): Promise<void>
}

function createLook(options: WebhookOptions): Look {
  const { source, log, port } = options
  const told = once((what) => log.warn({ error: what }, 'webhooks'))
  const toldPublish = once((what) => log.warn({ error: what }, 'webhooks'))
  let server: ReviewServer | undefined
  let served: Material | undefined
  const serve = async (material: Material): Promise<string | undefined> => {
    const reads = server === undefined ? await serverOf(options) : server
    if (typeof reads === 'string') return reads
    server = reads
    if (served?.certificate === material.certificate) {
      served = material
      return undefined
    }
    try {
      await server.use(material)
    } catch (error) {
      return whyNot(error, port)
    }
    log.info(
      { port, until: new Date(leafOf(material).toMs).toISOString() },
      served === undefined ? 'webhooks are served' : 'webhooks are served with another certificate',
    )
    served = material
    return undefined
  }
  const known = async (material: Material): Promise<string | undefined> => {
    if (material.authorities.length === 0) return undefined
    const kinds = Object.keys(options.reviewers) as Kinds[]
    const published = await publish({ ...options, kinds }, material.authorities)
    return published.ok ? undefined : published.error
  }
  return {
    served: () => (served === undefined ? {} : { untilMs: leafOf(served).toMs }),
    once: async () => {
      const read = await source.read()
      const wrong = read.ok ? await serve(read.value) : read.error
      const meanwhile =
        served === undefined
          ? 'not served: pods get no gates until it is put right'
          : 'the last good certificate stays'
      told(wrong === undefined ? expiring(served) : `${wrong} (${meanwhile})`)
      const unknown = served === undefined ? undefined : await known(served)
      toldPublish(unknown && `${unknown} (the API server may not ask us, or not trust us)`)
      return wrong === undefined && unknown === undefined
    },
    close: async () => server?.close(),
  }
}

async function serverOf(options: WebhookOptions): Promise<ReviewServer | string> {
  const { host, port, clientAuthorities: file, reviewers, log } = options
  const authorities = file === undefined ? undefined : await textOf(file)
  if (authorities?.ok === false) return `--kube-ca-pem-filepath: ${authorities.error}`
  return createReviewServer({
    host,
    port,
    clientAuthorities: authorities?.value,
    reviewers: Object.fromEntries(
      Object.entries(reviewers).map(([kind, reviewer]) => [paths[kind as Kinds], reviewer]),
    ),
    onThrown: (path, thrown) => log.error({ path, err: thrown }, 'a webhook threw: the object is let pass'),
  })
}

/** Ours is renewed long before. */
function expiring(served: Material | undefined): string | undefined {
  if (served === undefined) return undefined
  const { toMs } = leafOf(served)
  if (served.authorityKey !== undefined || toMs - Date.now() > soonMs) return undefined
  return `the certificate is valid until ${new Date(toMs).toISOString()} and nobody has renewed it`
}

function whyNot(error: unknown, port: number): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return `port ${port} is in use: free it, or change --webhook-bind-port`
  if (code === 'EACCES') return `port ${port} may not be used: choose one above 1023 by --webhook-bind-port`
  return `the certificate can't be used: ${message}`
}

/** Tells the same only once until something else was the matter, or nothing. */
function once(tell: (what: string) => void): (what: string | undefined) => void {
  let last: string | undefined
  return (what) => {
    if (what !== undefined && what !== last) tell(what)
    last = what
  }
}
