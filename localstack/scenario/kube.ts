/** What a scenario does with the cluster, through the API server's own interface. */
import type { Handle } from '../../src/lib/http.ts'
import { textOf } from '../pods/api.ts'
import type { Manifest } from './manifest.ts'
import { pathOf } from './manifest.ts'
import type { World } from './scenario.ts'

export function kubeOf(handle: Handle): World['kube'] {
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<unknown> => {
    const response = await handle({
      method,
      path,
      headers: { accept: 'application/json', 'content-type': contentType },
      body: body === undefined ? '' : JSON.stringify(body),
    })
    const text = await textOf(response.body)
    if (response.status === 404) return undefined
    if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text)
  }
  const apply = (manifest: Manifest): Promise<unknown> => {
    const path = `${pathOf(manifest)}?fieldManager=scenario&force=true`
    return call('PATCH', path, manifest, 'application/apply-patch+yaml')
  }
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
