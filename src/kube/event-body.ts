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
  /** Can wait until there is less to tell. */
  readonly patient?: boolean
}

/** Of an object without namespace, events go where `kubectl describe` looks for them. */
export const eventNamespace = ({ object }: EventNote): string => object.metadata.namespace ?? 'default'

export const subjectKey = ({ object }: EventNote): string =>
  `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}/${object.metadata.uid}`

/** The API server refuses longer messages. */
const longest = 1024
const cut = (text: string): string => {
  const bytes = Buffer.from(text)
  return bytes.length <= longest
    ? text
    : `${bytes
        .subarray(0, longest - 3)
        .toString('utf8')
        .replace(/\uFFFD+$/, '')}...`
}

export function eventBody(
  note: EventNote,
  { component, instance }: { readonly component: string; readonly instance: string },
): { readonly [field: string]: unknown } {
  const { apiVersion, kind, metadata } = note.object
  return {
    involvedObject: {
      apiVersion,
      kind,
      name: metadata.name,
      ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
      uid: metadata.uid,
      ...(metadata.resourceVersion ? { resourceVersion: metadata.resourceVersion } : {}),
    },
    type: note.type,
    reason: note.reason,
    message: cut(note.message),
    source: { component },
    reportingComponent: component,
    reportingInstance: instance,
  }
}
