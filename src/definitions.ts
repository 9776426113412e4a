/** Our CustomResourceDefinitions in the cluster: made where they are missing, brought up to date where they are older, never taken back. */
import type { Logger } from 'pino'
import { definitionMark } from './definition-mark.ts'
import { createKube, type Kube } from './kube/client.ts'
import { describeError, isNotFound } from './kube/error.ts'
import { customResourceDefinitions as resource, type Definition } from './kube/resource.ts'
import type { Handle } from './lib/http.ts'

export type DefinitionsOptions = {
  readonly kube: Handle
  readonly mode: 'apply' | 'check' | 'none'
  readonly log: Pick<Logger, 'info' | 'warn'>
}

export const definitionNames = [
  'ingressclassparams.elbv2.k8s.aws',
  'targetgroupbindings.elbv2.k8s.aws',
  'ingressgroups.albatross.dev',
  'ingressreports.albatross.dev',
]
/** Which release wrote a definition. */
const annotation = 'albatross.dev/definition'
const remedy =
  'apply crds/ of this release (kubectl apply --server-side --force-conflicts -f crds), or permit it (chart/files/cluster-rules.yaml)'
const answerMs = 5_000
const establishedMs = 3_000

/** Settles when what is needed is there, or it was told why not: the controller goes on in any case, and waits for kinds itself. */
export async function ensureDefinitions({ kube: handle, mode, log }: DefinitionsOptions): Promise<void> {
  if (mode === 'none') return
  const kube = createKube(handle, { fieldManager: 'albatross-definitions', timeoutMs: answerMs })
  const due = (await Promise.all(definitionNames.map((name) => lookAt(name, kube, log)))).filter(
    (name) => name !== undefined,
  )
  if (due.length === 0) return
  if (mode === 'check') {
    log.warn({ definitions: due, remedy }, 'CustomResourceDefinitions are missing or older than this release')
    return
  }
  await Promise.all((await wanted(due)).map((definition) => write(definition, kube, log)))
}

/** Its name if it is to be written. */
async function lookAt(name: string, kube: Kube, log: DefinitionsOptions['log']): Promise<string | undefined> {
  const found = await kube.get(resource, { name })
  if (found.ok) return isOlder(found.value) ? name : undefined
  if (isNotFound(found.error)) return name
  // An API server that does not answer is told of by whoever needs it.
  if (found.error.status !== 0)
    log.warn(
      { definition: name, error: describeError(found.error), remedy },
      'a CustomResourceDefinition could not be read',
    )
  return undefined
}

/** ALBC's own bear no mark, and serve us as they are; those of our group are ours, marked or not. */
function isOlder({ metadata }: Definition): boolean {
  const mark = metadata.annotations?.[annotation]
  if (mark === undefined) return metadata.name.endsWith('.albatross.dev')
  const [theirs, ours] = [mark, definitionMark].map(
    (text) => text.split('-')[0]?.split('.').map(Number) ?? [],
  )
  const at = (ours ?? []).findIndex((part, index) => part !== theirs?.[index])
  return at < 0 ? mark !== definitionMark : (ours?.[at] ?? 0) > (theirs?.[at] ?? 0)
}

/** Loaded only where one is to be written: making them out of the schemas takes its time. */
async function wanted(due: readonly string[]): Promise<readonly Definition[]> {
  const { customResourceDefinitions } = await import('./kind/crd.ts')
  return customResourceDefinitions()
    .filter(({ metadata }) => due.includes(metadata.name))
    .map(({ metadata: { name }, spec }) => ({
      metadata: { name, uid: '', annotations: { [annotation]: definitionMark } },
      spec,
    }))
}

async function write(definition: Definition, kube: Kube, log: DefinitionsOptions['log']): Promise<void> {
  const { name, annotations } = definition.metadata
  const written = await kube.apply(
    resource,
    { metadata: { name, annotations }, spec: definition.spec },
    { force: true },
  )
  if (!written.ok) {
    log.warn(
      { definition: name, error: describeError(written.error), remedy },
      'a CustomResourceDefinition is missing or older, and could not be written',
    )
    return
  }
  log.info({ definition: name, mark: definitionMark }, 'CustomResourceDefinition written')
  await established(name, kube)
}

async function established(name: string, kube: Kube): Promise<void> {
  for (const end = performance.now() + establishedMs; performance.now() < end; ) {
    const found = await kube.get(resource, { name })
    const conditions = found.ok ? found.value.status?.conditions : undefined
    if (conditions?.some(({ type, status }) => type === 'Established' && status === 'True')) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
