/** What IngressReports and IngressGroups should say, and whether they say it: written a little later and all at once, by a key each. */
import type { KubeError } from '../kube/error.ts'
import type { Kube } from '../kube/client.ts'
import * as resource from '../kube/resource.ts'
import { applyReport, deleteReport } from '../kube/write-report.ts'
import type { IngressGroupStatus } from '../kind/ingress-group.ts'
import type { IngressReportStatus } from '../kind/ingress-report.ts'
import { equal } from '../lib/json.ts'
import type { Result } from '../lib/result.ts'
import type { IngressGroup, IngressReport, KubeObject } from '../model/cluster.ts'
import type { Informers } from '../watch/informers.ts'
import type { Queue } from '../watch/queue.ts'
import type { Verdict } from '../watch/verdict.ts'
import { ingressGroupKey, ingressReportKey } from './key.ts'
import { again, settled } from './verdict.ts'

/** What one pass after another has to say within it is said once. */
const togetherMs = 1_000
/** As long as the watch may take to show what we wrote. */
const echoMs = 10_000
/** How often one of a kind that the API server refuses is tried. */
const probeMs = 60_000
const failedMs = 5_000

type Statuses = { readonly ingressReports: IngressReportStatus; readonly ingressGroups: IngressGroupStatus }
type Kind = keyof Statuses

type Entry<S> = {
  /** Undefined: the object should be gone. */
  wanted: S | undefined
  /** The last write that the watch has not shown yet. */
  sent?: { readonly status: S | undefined; readonly at: number } | undefined
}
export type Records = {
  /** What it says, or is about to say. `name`: `<namespace>/<name>`, or that of an IngressGroup. */
  read<K extends Kind>(kind: K, name: string): Statuses[K] | undefined
  /** Undefined: it should not be there. */
  want<K extends Kind>(kind: K, name: string, status: Statuses[K] | undefined): void
  /** The names of those that the API server has. */
  stored(kind: Kind): readonly string[]
  /** A pass of one key: at most one object is written. */
  write(kind: Kind, name: string): Promise<Verdict>
}
type Given = {
  readonly kube: Kube
  readonly informers: Pick<Informers, 'stores' | 'optional' | 'onChange'>
  readonly queue: Pick<Queue, 'add'>
  readonly onRefused: (resource: string, error: KubeError) => void
}

const resources = { ingressReports: resource.ingressReports, ingressGroups: resource.ingressGroups } as const
const keyOf = { ingressReports: ingressReportKey, ingressGroups: ingressGroupKey } as const

/** Subscribes to the watches; what ends that is the informers' own. */
export function createRecords(given: Given): Records {
  const tables = {
    ingressReports: new Table('ingressReports', given),
    ingressGroups: new Table('ingressGroups', given),
  }
  const of = <K extends Kind>(kind: K): Table<K> => tables[kind] as unknown as Table<K>
  return {
    read: (kind, name) => of(kind).read(name),
    want: (kind, name, status) => of(kind).want(name, status),
    stored: (kind) => given.informers.stores[kind].list().map(nameOf),
    write: (kind, name) => tables[kind].write(name),
  }
}

const nameOf = ({ metadata: { namespace, name } }: KubeObject): string =>
  namespace ? `${namespace}/${name}` : name

class Table<K extends Kind> {
  readonly #kind: K
  readonly #given: Given
  readonly #entries = new Map<string, Entry<Statuses[K]>>()
  /** The one that goes on trying while the API server refuses the kind; the others come after it. */
  #prober: string | undefined

  constructor(kind: K, given: Given) {
    this.#kind = kind
    this.#given = given
    const { informers } = given
    informers.onChange(kind, (old, now) => this.#seen(now ?? old, now))
    informers.optional[kind].onAppear(() => this.#askAll())
  }

  get #isPresent(): boolean {
    return this.#given.informers.optional[this.#kind].present()
  }
  #stored(name: string): IngressReport | IngressGroup | undefined {
    return this.#given.informers.stores[this.#kind].get(name)
  }
  #storedStatus(name: string): Statuses[K] | undefined {
    return this.#stored(name)?.status as Statuses[K] | undefined
  }
  #isSaid(name: string, { wanted, sent }: Entry<Statuses[K]>): boolean {
    const fresh = sent !== undefined && Date.now() - sent.at < echoMs
    if (wanted === undefined && !fresh) return this.#stored(name) === undefined
    return equal((fresh ? sent.status : this.#storedStatus(name)) ?? null, wanted ?? null)
  }
  #ask(name: string): void {
    if (this.#isPresent && this.#prober === undefined)
      this.#given.queue.add(keyOf[this.#kind](name), 'resync', togetherMs)
  }
  #askAll(): void {
    for (const [name, entry] of this.#entries) if (!this.#isSaid(name, entry)) this.#ask(name)
  }

  read(name: string): Statuses[K] | undefined {
    const entry = this.#entries.get(name)
    return entry === undefined ? this.#storedStatus(name) : entry.wanted
  }

  want(name: string, status: Statuses[K] | undefined): void {
    const entry = this.#entries.get(name) ?? { wanted: undefined }
    entry.wanted = status
    this.#entries.set(name, entry)
    if (!this.#isSaid(name, entry)) this.#ask(name)
    else if (status === undefined) this.#entries.delete(name)
  }

  #seen(object: KubeObject | undefined, now: IngressReport | IngressGroup | undefined): void {
    const name = object === undefined ? '' : nameOf(object)
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    if (now === undefined) entry.sent = undefined
    const status = now?.status as Statuses[K] | undefined
    if (!equal(status ?? null, entry.wanted ?? null)) {
      if (!this.#isSaid(name, entry)) this.#ask(name)
      return
    }
    entry.sent = undefined
    if (now === undefined) this.#entries.delete(name)
    // One copy is enough.
    else entry.wanted = status
  }

  async write(name: string): Promise<Verdict> {
    if (!this.#isPresent || (this.#prober !== undefined && this.#prober !== name)) return settled
    const entry = this.#entries.get(name)
    if (entry === undefined || this.#isSaid(name, entry)) return this.#accepted()
    const { wanted } = entry
    const done = await put(this.#kind, name, wanted, this.#given)
    if (!done.ok) return this.#refused(name, done.error)
    entry.sent = { status: wanted, at: Date.now() }
    return this.#accepted()
  }

  #accepted(): Verdict {
    if (this.#prober === undefined) return settled
    this.#prober = undefined
    this.#askAll()
    return settled
  }

  #refused(name: string, error: KubeError): Verdict {
    const why = `${error.reason}: ${error.message}`
    if (error.status !== 404 && error.status !== 403) return again(failedMs, why)
    if (isAboutNamespace(error)) return settled
    if (this.#prober === undefined) this.#given.onRefused(resources[this.#kind].plural, error)
    this.#prober = name
    return again(probeMs, why)
  }
}

async function put(
  kind: Kind,
  name: string,
  status: Statuses[Kind] | undefined,
  { kube, informers: { stores } }: Pick<Given, 'kube' | 'informers'>,
): Promise<Result<unknown, KubeError>> {
  const known = stores[kind].get(name)
  const of = resources[kind]
  if (status === undefined)
    return known === undefined ? { ok: true, value: undefined } : await deleteReport(kube, of, known)
  if (kind === 'ingressGroups') return await applyReport(kube, { of, name: { name }, status }, known)
  const owner = stores.ingresses.get(name)
  // With its Ingress goes the report.
  if (owner === undefined) return { ok: true, value: undefined }
  const [namespace = '', own = ''] = name.split('/')
  return await applyReport(kube, { of, name: { namespace, name: own }, owner, status }, known)
}

/** It ends, or is gone by now: its Ingresses are next. */
const isAboutNamespace = ({ message }: KubeError): boolean =>
  /being terminated|namespaces? "[^"]*" not found/.test(message)
