/** `mutual-authentication`, by port (`albc-model` 9.7). Trust stores are named by ARN. */
import { keyOf } from '../../annotation/define.ts'
import { mutualAuthentication as declared } from '../../annotation/listener.ts'
import { perPort } from '../../annotation/read.ts'
import type { MutualAuthentication } from '../listener.ts'
import { annotationsOf, fault, refuse, type Scope, take } from './scope.ts'

const key = keyOf(declared)
type Entry =
  ReturnType<typeof declared.parser.parse> extends infer R
    ? R extends { readonly ok: true; readonly value: readonly (infer E)[] }
      ? E
      : never
    : never

export function mutualAuthenticationOf(scope: Scope): ReadonlyMap<number, MutualAuthentication> {
  const stated = take(scope, perPort(annotationsOf(scope), declared))
  const ports = new Map<number, MutualAuthentication>()
  if (stated === undefined) return ports
  const bad = (message: string): undefined =>
    refuse(scope, key, `${message} (${key})`, `Write ${declared.parser.allowed} in ${key}.`)
  if (stated.length === 0)
    bad(
      `empty mutualAuthentication configuration from ingress annotation: \`${annotationsOf(scope)?.[key] ?? ''}\``,
    )
  for (const entry of stated) {
    const wrong = mistake(entry)
    if (wrong !== undefined) bad(wrong)
    else ports.set(entry.port ?? 0, build(scope, entry))
  }
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
  if (!trustStore.startsWith('arn:'))
    fault(scope, 'Unsupported', {
      field: key,
      message: `couldn't find TrustStore with name ${trustStore}: trust stores by name are not supported yet`,
      remedy: `Write the ARN of the trust store in ${key}.`,
    })
  return {
    mode,
    trustStoreArn: trustStore,
    ignoreClientCertificateExpiry: entry.ignoreClientCertificateExpiry ?? false,
    ...(names === undefined ? {} : { advertiseTrustStoreCaNames: names }),
  }
}
