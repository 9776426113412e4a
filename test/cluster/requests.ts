/** What the controller asked of the API server, by the server's own audit log. */
import { existsSync, readFileSync } from 'node:fs'
import type { Cluster } from './cluster.ts'

export type Asked = {
  readonly verb: string
  readonly requestURI: string
  readonly code: number
  /** Whether its roles let it. */
  readonly permitted: boolean
}
type Entry = {
  readonly stage: 'ResponseStarted' | 'ResponseComplete' | 'Panic'
  readonly auditID: string
  readonly verb: string
  readonly requestURI: string
  readonly responseStatus?: { readonly code?: number }
  readonly annotations?: Readonly<Record<string, string>>
}

/** Requests of the controller's ServiceAccount so far, each once, a watch from when it began. */
export function requests(cluster: Cluster): readonly Asked[] {
  const file = cluster.at('audit.log')
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
  const entries = lines.map((line) => JSON.parse(line) as Entry)
  return [...new Map(entries.map((entry) => [entry.auditID, entry])).values()].map((entry) => ({
    verb: entry.verb,
    requestURI: entry.requestURI,
    code: entry.responseStatus?.code ?? 0,
    permitted: entry.annotations?.['authorization.k8s.io/decision'] !== 'forbid',
  }))
}
