/** An event as the API server takes it. */
import type { KubeObject } from '../model/cluster.ts'

export type EventNote = {
  /** What it is about. Cached objects come without apiVersion and kind, so they are given. */
  readonly object: {
    readonly apiVersion: string
    readonly kind: string
    readonly metadata: Pick<KubeObject['metadata'], 'name' | 'namespace' | 'uid' | 'resourceVersion'>
  }
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  /** Where more is to be read. */
  readonly help?: string
  /** Can wait until there is less to tell. */
  readonly patient?: boolean
}

/** Of an object without namespace, events go where `kubectl describe` looks for them. */
export const eventNamespace = ({ object }: EventNote): string => object.metadata.namespace ?? 'default'

export const subjectKey = ({ object }: EventNote): string =>
  `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}/${object.metadata.uid}`

/** The API server refuses longer messages. */
const longest = 1024
function cut(text: string, room: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= room) return text
  const kept = bytes.subarray(0, room - 3).toString('utf8')
  return `${kept.replace(/\uFFFD+$/, '')}...`
}

/** What to read comes last, and is never cut off. */
function messageOf({ message, help }: EventNote): string {
  const end = help === undefined ? '' : ` (${help})`
  return `${cut(message, longest - end.length)}${end}`
}

export type Reporter = { readonly controller: string; readonly instance: string }
type Body = { readonly [field: string]: unknown }

function subjectOf({ object: { apiVersion, kind, metadata } }: EventNote): Body {
  return {
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
    uid: metadata.uid,
    ...(metadata.resourceVersion ? { resourceVersion: metadata.resourceVersion } : {}),
  }
}

/** As `events.k8s.io/v1` has it. */
export const eventBody = (note: EventNote, { controller, instance }: Reporter): Body => ({
  regarding: subjectOf(note),
  type: note.type,
  reason: note.reason,
  action: 'Reconcile',
  note: messageOf(note),
  reportingController: controller,
  reportingInstance: instance,
})

/** As `v1` has it, for who may write no other. */
export const coreEventBody = (note: EventNote, { controller, instance }: Reporter): Body => ({
  involvedObject: subjectOf(note),
  type: note.type,
  reason: note.reason,
  message: messageOf(note),
  source: { component: controller },
  reportingComponent: controller,
  reportingInstance: instance,
})
