/** `mutual-authentication`, by port (`albc-model` 9.7). */
import { keyOf } from '../../annotation/define.ts'
import { mutualAuthentication as declared } from '../../annotation/listener.ts'
import { perPort } from '../../annotation/read.ts'
import type { MutualAuthentication } from '../listener.ts'
import { annotationsOf, awaitFact, fault, refuse, type Scope, take, warn } from './scope.ts'

const key = keyOf(declared)
type Entry =
  ReturnType<typeof declared.parser.parse> extends infer R
    ? R extends { readonly ok: true; readonly value: readonly (infer E)[] }
      ? E
      : never
    : never

/** Of these ports: what is said of others is checked, and does nothing. */
export function mutualAuthenticationOf(
  scope: Scope,
  secure: readonly number[],
): ReadonlyMap<number, MutualAuthentication> {
  const stated = take(scope, perPort(annotationsOf(scope), declared))
  const ports = new Map<number, MutualAuthentication>()
  if (stated === undefined) return ports
  const bad = (message: string): undefined =>
    refuse(scope, key, `${message} (${key})`, `Write ${declared.parser.allowed} in ${key}.`)
  if (stated.length === 0)
    bad(
      `empty mutualAuthentication configuration from ingress annotation: \`${annotationsOf(scope)?.[key] ?? ''}\``,
    )
  const entries = new Map<number, Entry>()
  for (const entry of stated) {
    const wrong = mistake(entry)
    if (wrong !== undefined) bad(wrong)
    else entries.set(entry.port ?? 0, entry)
  }
  for (const port of secure) {
    const entry = entries.get(port)
    if (entry) ports.set(port, build(scope, entry))
  }
  const idle = [...entries.keys()].filter((port) => !secure.includes(port))
  if (idle.length > 0)
    warn(scope, 'NoEffect', {
      field: key,
      message: `${key} has no effect on port ${idle.join(', ')}: this Ingress has no HTTPS listener there`,
      remedy: 'Correct the port, or add it to alb.ingress.kubernetes.io/listen-ports.',
    })
  return ports
}

function mistake(entry: Entry): string | undefined {
  const { port = 0, mode = '', trustStore, advertiseTrustStoreCaNames: names } = entry
  if (port < 1 || port > 65_535) return `listen port must be within [1, 65535]: ${port}`
  if (mode === '') return `mutualAuthentication mode cannot be empty for port ${port}`
  if (!['off', 'passthrough', 'verify'].includes(mode))
    return `mutualAuthentication mode value must be among [off, passthrough, verify] for port ${port} : ${mode}`
  if (mode === 'verify') {
    if (!trustStore) return `trustStore is required when mutualAuthentication mode is verify for port ${port}`
    return names !== undefined && names !== 'on' && names !== 'off'
      ? `advertiseTrustStoreCaNames only supports the values "on" and "off" got value ${names} for port ${port}`
      : undefined
  }
  const start = `Mutual Authentication mode ${mode} does not support`
  if (trustStore) return `${start} trustStore for port ${port}`
  if (entry.ignoreClientCertificateExpiry !== undefined)
    return `${start} ignoring client certificate expiry for port ${port}`
  return names === undefined ? undefined : `${start} advertiseTrustStoreCaNames for port ${port}`
}

function build(scope: Scope, entry: Entry): MutualAuthentication {
  const { mode = '', trustStore = '', advertiseTrustStoreCaNames: names } = entry
  if (mode !== 'verify') return { mode, trustStoreArn: '' }
  return {
    mode,
    trustStoreArn: trustStore.startsWith('arn:') ? trustStore : (namedTrustStore(scope, trustStore) ?? ''),
    ignoreClientCertificateExpiry: entry.ignoreClientCertificateExpiry ?? false,
    ...(names === undefined ? {} : { advertiseTrustStoreCaNames: names }),
  }
}

function namedTrustStore(scope: Scope, name: string): string | undefined {
  const { trustStores } = scope.world.facts
  if (trustStores === undefined)
    return awaitFact(scope, (asked) => {
      asked.trustStores = true
    })
  return (
    trustStores.get(name) ??
    fault(scope, 'TrustStoreNotFound', {
      field: key,
      message: `couldn't find TrustStore with name ${name}`,
      remedy: `Correct trustStore in ${key}, or create the trust store.`,
    })
  )
}
