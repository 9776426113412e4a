/** Paths, hosts and their precedence as the Kubernetes API defines them, in ALB's words (`--ingress-semantics=kubernetes`). */
import type { IngressPath, IngressRule } from '../cluster.ts'
import type { Scope } from './scope.ts'

export const isKubernetes = (scope: Scope): boolean => scope.member.semantics === 'kubernetes'

/** ALB's wildcards cover anything, so that what they can't say is a regular expression. */
export type Patterns = { readonly values: readonly string[]; readonly regexValues: readonly string[] }

const escaped = (text: string): string => text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')
/** A client may name the port. */
const port = '(:[0-9]+)?'

/** `*.` stands for exactly one label. */
export const hostPattern = (host: string): Patterns =>
  host.startsWith('*.')
    ? { values: [], regexValues: [`^[^.:]+${escaped(host.slice(1))}${port}$`] }
    : { values: [host], regexValues: [] }

/** What ALB would take for wildcards is text here; a trailing slash of a prefix says nothing. */
export function pathPattern(path: string, pathType: 'Exact' | 'Prefix'): Patterns {
  const stem = pathType === 'Prefix' ? path.replace(/\/$/, '') : path
  if (/[*?]/.test(path))
    return { values: [], regexValues: [`^${escaped(stem)}${pathType === 'Prefix' ? '(/.*)?' : ''}$`] }
  if (pathType === 'Exact') return { values: [path], regexValues: [] }
  return { values: stem === '' ? ['/*'] : [stem, `${stem}/*`], regexValues: [] }
}

/** All as regular expressions, where some must be: ALB takes either kind in one condition. */
export function asRegexes(
  { values, regexValues }: Patterns,
  field: 'host-header' | 'path-pattern',
): string[] {
  const end = field === 'host-header' ? `${port}$` : '$'
  const regex = (value: string): string =>
    `^${value.replace(/./gsu, (one) => (one === '*' ? '.*' : one === '?' ? '.' : escaped(one)))}${end}`
  return [...values.map(regex), ...regexValues]
}

/** The more a host says the earlier it is looked at; entries for one host are one. */
export function byHost(
  rules: readonly IngressRule[],
): readonly (readonly [string, readonly IngressPath[]])[] {
  const hosts = new Map<string, IngressPath[]>()
  for (const { host = '', http } of rules)
    hosts.set(host, [...(hosts.get(host) ?? []), ...(http?.paths ?? [])])
  return [...hosts].toSorted(([a], [b]) => rank(b) - rank(a) || (rank(a) === 1 ? b.length - a.length : 0))
}

const rank = (host: string): number => (host === '' ? 0 : host.startsWith('*.') ? 1 : 2)

/** Shared with others, a load balancer answers with a member's default backend for the hosts of that member alone. */
export const ownHosts = (scope: Scope): readonly string[] => {
  const { rules = [] } = scope.member.ingress.spec
  const shared = !scope.world.stack.includes('/')
  const hosts = byHost(rules).map(([host]) => host)
  return isKubernetes(scope) && shared && !hosts.includes('') ? hosts : []
}
