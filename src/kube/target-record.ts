/** The ConfigMap that says which targets of a shared target group are this cluster's (`albc-runtime` 3.9). */
import { fail, ok } from '../lib/result.ts'
import type { TargetGroupBinding } from '../model/cluster.ts'
import type { Kube } from './client.ts'
import { isNotFound } from './error.ts'
import { configMaps, type ObjectName } from './resource.ts'
import type { Answer } from './wire.ts'

type Address = { readonly id: string; readonly port: number }

const nameOf = ({ metadata }: TargetGroupBinding): ObjectName => ({
  ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  name: `aws-lbc-targets-${metadata.name}`,
})

/** Undefined: nothing was recorded yet. */
export async function readTargetRecord(
  kube: Kube,
  binding: TargetGroupBinding,
): Answer<readonly Address[] | undefined> {
  const read = await kube.get(configMaps, nameOf(binding))
  if (!read.ok) return isNotFound(read.error) ? ok(undefined) : read
  return ok((read.value.data?.['targets'] ?? '').split(',').flatMap(parse))
}

function parse(text: string): Address[] {
  const at = text.lastIndexOf(':')
  const port = Number(text.slice(at + 1))
  return at > 0 && Number.isInteger(port) && port > 0 ? [{ id: text.slice(0, at).trim(), port }] : []
}

export async function writeTargetRecord(
  kube: Kube,
  binding: TargetGroupBinding,
  targets: readonly Address[],
): Answer<undefined> {
  const data = { targets: targets.map(({ id, port }) => `${id}:${port}`).join(',') }
  const patched = await kube.patch(configMaps, nameOf(binding), { data })
  if (patched.ok) return ok(undefined)
  if (!isNotFound(patched.error)) return fail(patched.error)
  const created = await kube.create(configMaps, { metadata: { ...nameOf(binding) }, data })
  return created.ok ? ok(undefined) : created
}

export async function deleteTargetRecord(kube: Kube, binding: TargetGroupBinding): Answer<undefined> {
  const deleted = await kube.delete(configMaps, nameOf(binding))
  return !deleted.ok && isNotFound(deleted.error) ? ok(undefined) : deleted
}
