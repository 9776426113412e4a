/** What a scenario does with the cluster: over HTTP, as any client would. */
import type { Manifest } from './manifest.ts'
import { pathOf } from './manifest.ts'
import type { World } from './scenario.ts'

export function kubeOf(url: string): World['kube'] {
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { accept: 'application/json', 'content-type': contentType },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (response.status === 404) return undefined
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text)
  }
  const apply = (manifest: Manifest): Promise<unknown> =>
    call(
      'PATCH',
      `${pathOf(manifest)}?fieldManager=scenario&force=true`,
      manifest,
      'application/apply-patch+yaml',
    )
  return {
    get: async <T>(path: string) => (await call('GET', path)) as T | undefined,
    list: async <T>(path: string) => ((await call('GET', path)) as { items: T[] } | undefined)?.items ?? [],
    apply: async (...manifests) => {
      for (const manifest of manifests) await apply(manifest)
    },
    patch: async (path, patch) => {
      await call('PATCH', path, patch, 'application/merge-patch+json')
    },
    remove: async (...manifests) => {
      for (const manifest of manifests) await call('DELETE', pathOf(manifest))
    },
  }
}
