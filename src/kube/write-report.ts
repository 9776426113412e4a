/**
 * IngressReports and IngressGroups, by server-side apply: the object itself, bare, where it is missing, then its status.
 * Nothing else of them is ever written, so annotations, by which people approve a plan, stay theirs.
 */
import { fail, ok } from '../lib/result.ts'
import type { IngressGroup, IngressReport, KubeObject } from '../model/cluster.ts'
import type { Kube } from './client.ts'
import { isConflict, isNotFound } from './error.ts'
import { apiVersionOf, ingresses, type ObjectName, type Resource } from './resource.ts'
import type { Answer } from './wire.ts'

type Told = IngressReport | IngressGroup

export type Wanted<T extends Told> = {
  readonly of: Resource<T>
  readonly name: ObjectName
  /** The Ingress it goes with. */
  readonly owner?: KubeObject
  readonly status: NonNullable<T['status']>
}

const bodyOf = ({ name, owner }: Wanted<Told>): { readonly metadata: ObjectName & object } => ({
  metadata: {
    ...name,
    ...(owner === undefined
      ? {}
      : {
          ownerReferences: [
            {
              apiVersion: apiVersionOf(ingresses),
              kind: ingresses.kind,
              name: owner.metadata.name,
              uid: owner.metadata.uid,
            },
          ],
        }),
  },
})

/** `known`: the object as last seen; undefined or another Ingress's: it is made first. */
export async function applyReport<T extends Told>(
  kube: Kube,
  wanted: Wanted<T>,
  known: KubeObject | undefined,
): Answer<T> {
  const { of, name, owner, status } = wanted
  const stands =
    known !== undefined &&
    (owner === undefined || known.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid))
  const put = (): Answer<T> =>
    kube.apply(of, { metadata: name, status }, { subresource: 'status', force: true })
  if (stands) {
    const told = await put()
    if (told.ok || !isNotFound(told.error)) return told
  }
  const made = await kube.apply(of, bodyOf(wanted), { force: true })
  return made.ok ? await put() : fail(made.error)
}

/** Already gone, or made anew by somebody, is done. */
export async function deleteReport(kube: Kube, of: Resource<Told>, known: KubeObject): Answer<undefined> {
  const { namespace, name, uid } = known.metadata
  const answer = await kube.delete(of, { name, ...(namespace ? { namespace } : {}) }, { uid })
  return !answer.ok && (isNotFound(answer.error) || isConflict(answer.error)) ? ok(undefined) : answer
}
