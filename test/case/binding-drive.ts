/** Plays a case of bindings: the controller itself on the local AWS and API server, in fake time, until it is at rest. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { parse, parseAllDocuments } from 'yaml'
import { createCloud } from '../../localstack/aws/cloud.ts'
import { inProcess } from '../../localstack/aws/in-process.ts'
import type { JournalEntry } from '../../localstack/aws/journal.ts'
import { seedFacts } from '../../localstack/aws/seed-facts.ts'
import { type ApiServer, createApiServer } from '../../localstack/kube/server.ts'
import { kubeOf } from '../../localstack/scenario/kube.ts'
import { type Manifest, pathOf } from '../../localstack/scenario/manifest.ts'
import { timings } from '../../localstack/timing.ts'
import { withoutHelp } from '../end-to-end/shop.ts'
import { start } from '../../src/start.ts'
import { type Clock, installClock } from '../simulation/clock.ts'
import { ready } from '../simulation/stage.ts'
import { type Account, type CaseFiles, configOf, countedIds } from './load.ts'

const folder = join(import.meta.dirname, 'binding')
type Object = Manifest & { readonly status?: unknown }
type Kube = ReturnType<typeof kubeOf>

export const bindingCases = (): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()

type BindingStage = {
  readonly ending: string
  /** Writes to AWS, in order. */
  readonly calls: readonly { readonly action: string; readonly input: unknown; readonly error?: string }[]
  /** What the user sees: bindings, what they recorded, events. */
  readonly seen: unknown
}
export type BindingCase = {
  readonly shows: string
  readonly folder: string
  readonly account: Account
  readonly stages: readonly BindingStage[]
  /** What a controller writes that starts when all is done. */
  readonly afterwards: readonly string[]
}

const read = (...path: string[]): string => readFileSync(join(folder, ...path), 'utf8')
const yamlIn = (...path: string[]): object =>
  existsSync(join(folder, ...path)) ? (parse(read(...path)) as object) : {}

/** A document `gone: [<kind>/<namespace>/<name>]` takes away what cluster.yaml has. */
function objectsOf(...texts: readonly string[]): ReadonlyMap<string, Object> {
  const all = new Map<string, Object>()
  for (const text of texts)
    for (const document of parseAllDocuments(text)) {
      const object = document.toJS() as (Object & { readonly gone?: readonly string[] }) | null
      for (const key of object?.gone ?? []) all.delete(key)
      if (object?.metadata !== undefined)
        all.set(`${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`, object)
    }
  return all
}

async function put(kube: Kube, object: Object): Promise<void> {
  const { status, ...rest } = object
  await kube.apply(rest)
  if (status !== undefined) await kube.patch(`${pathOf(object)}/status`, { status })
}

async function change(
  kube: Kube,
  before: ReadonlyMap<string, Object>,
  after: ReadonlyMap<string, Object>,
): Promise<void> {
  for (const [key, object] of before) if (!after.has(key)) await kube.remove(object)
  for (const [key, object] of after)
    if (JSON.stringify(object) !== JSON.stringify(before.get(key))) await put(kube, object)
}

const crds = join(import.meta.dirname, '../../crds')

export async function playBindings(name: string): Promise<BindingCase> {
  const files: CaseFiles = [{}, yamlIn('aws.yaml'), yamlIn(name, 'aws.yaml')]
  const { account, config } = configOf(files, yamlIn(name, 'config.yaml'))
  const clock = installClock(1)
  try {
    const cloud = createCloud({ timing: timings.instant, ids: countedIds() })
    seedFacts(cloud.account(account.account, account.region), account)
    const api = createApiServer({})
    const kube = kubeOf(api.handle)
    const definitions = readdirSync(crds).map((file) => readFileSync(join(crds, file), 'utf8'))
    for (const object of objectsOf(...definitions).values()) await ready(clock, kube.apply(object))
    const controller = () =>
      start({
        config,
        kube: api.handle,
        aws: {
          requestHandler: inProcess(cloud.handle),
          credentials: { accessKeyId: account.account, secretAccessKey: 'local' },
        },
        log: pino({ level: 'silent' }),
      })
    const writes = (since: number): readonly JournalEntry[] =>
      cloud.journal.since(since).filter(({ write }) => write)
    let running = controller()
    let before: ReadonlyMap<string, Object> = new Map()
    const stages: BindingStage[] = []
    for (const ending of ['', '-2'].filter((one) => existsSync(join(folder, name, `input${one}.yaml`)))) {
      const since = cloud.journal.since().at(-1)?.n ?? 0
      const after = objectsOf(read('cluster.yaml'), read(name, `input${ending}.yaml`))
      await ready(clock, change(kube, before, after))
      before = after
      await atRest(clock)
      const calls = writes(since).map(({ action, input, error }) => ({
        action,
        input,
        ...(error === undefined ? {} : { error }),
      }))
      stages.push({ ending, calls, seen: seenIn(api) })
    }
    await ready(clock, running.stop())
    const since = cloud.journal.since().at(-1)?.n ?? 0
    running = controller()
    await atRest(clock)
    const done = writes(since).filter(({ error }) => error === undefined)
    const afterwards = done.map(({ action }) => action)
    await ready(clock, running.stop())
    api.stop()
    const shows = (read(name, 'input.yaml').split('\n')[0] ?? '').replace(/^# ?/, '')
    return { shows, folder: join(folder, name), account, stages, afterwards }
  } finally {
    await clock.advance(10_000)
    clock.uninstall()
  }
}

/** Longer than any wait of a binding, shorter than the time between two sweeps. */
const restMs = 90_000
async function atRest(clock: Clock): Promise<void> {
  await clock.advance(restMs)
}

type Seen = {
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: {
    readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[]
  }
  readonly data?: unknown
  readonly reason?: string
  readonly type?: string
  readonly message?: string
  readonly note?: string
  readonly involvedObject?: { readonly kind: string; readonly name: string }
  readonly regarding?: { readonly kind: string; readonly name: string }
}

function seenIn({ store }: ApiServer): unknown {
  const list = (kind: string): readonly Seen[] => store.list(kind) as unknown as readonly Seen[]
  return {
    bindings: list('targetgroupbindings.elbv2.k8s.aws').map(({ metadata, spec = {}, status }) => ({
      name: metadata.name,
      ...pick(spec, 'targetGroupARN', 'targetType', 'targetGroupProtocol', 'ipAddressType', 'vpcID'),
      conditions: (status?.conditions ?? []).map(({ type, status: value, reason, message }) => ({
        type,
        status: value,
        reason,
        message,
      })),
    })),
    configMaps: list('configmaps')
      .filter(({ metadata }) => metadata.name.startsWith('aws-lbc-targets-'))
      .map(({ metadata, data }) => ({ name: metadata.name, data })),
    events: [...list('events'), ...list('events.events.k8s.io')].map((event) => {
      const on = event.involvedObject ?? event.regarding
      const message = withoutHelp(event.message ?? event.note ?? '')
      return { on: `${on?.kind} ${on?.name}`, reason: event.reason, message }
    }),
  }
}

const pick = (spec: Readonly<Record<string, unknown>>, ...keys: readonly string[]): object =>
  Object.fromEntries(keys.flatMap((key) => (spec[key] === undefined ? [] : [[key, spec[key]]])))
