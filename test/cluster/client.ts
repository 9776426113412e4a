/** Asks the real server as a test wants it: JSON in, status, JSON and warnings out. */
import { remoteOf } from '../../localstack/kube/remote.ts'
import { textOf } from '../../localstack/pods/api.ts'
import type { Handle } from '../../src/lib/http.ts'

export type Answer = { readonly status: number; readonly body: unknown; readonly warnings: readonly string[] }
export type Client = {
  readonly handle: Handle
  call(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer>
  close(): void
}

export function clientOf(kubeconfig: string): Client {
  const remote = remoteOf(kubeconfig)
  const { handle } = remote
  return {
    handle,
    close: () => remote.close(),
    call: async (method, path, body, contentType = 'application/json') => {
      const response = await handle({
        method,
        path,
        headers: { 'content-type': contentType, accept: 'application/json', 'user-agent': 'test' },
        body: body === undefined ? '' : JSON.stringify(body),
      })
      const text = await textOf(response.body)
      const warnings = [...(response.headers['warning'] ?? '').matchAll(/299 \S+ ("(?:[^"\\]|\\.)*")/g)]
      return {
        status: response.status,
        body: JSON.parse(text) as unknown,
        warnings: warnings.map(([, quoted = '""']) => JSON.parse(quoted) as string),
      }
    },
  }
}
