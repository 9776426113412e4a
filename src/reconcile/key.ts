/** The keys of the queue: one per thing that is reconciled as a whole. */
export type Key =
  | { readonly loop: 'group'; readonly stack: string }
  | { readonly loop: 'targets'; readonly binding: string }
  | { readonly loop: 'endpoint-sg'; readonly group: string }
  | { readonly loop: 'backend-sg' }
  | { readonly loop: 'ingress-report'; readonly name: string }
  | { readonly loop: 'ingress-group'; readonly name: string }

export const groupKey = (stack: string): string => `group:${stack}`
/** `binding`: `<namespace>/<name>`. */
export const targetsKey = (binding: string): string => `targets:${binding}`
export const endpointGroupKey = (id: string): string => `endpoint-sg:${id}`
export const backendGroupKey = 'backend-sg'
/** `name`: `<namespace>/<name>`. */
export const ingressReportKey = (name: string): string => `ingress-report:${name}`
export const ingressGroupKey = (name: string): string => `ingress-group:${name}`

export function readKey(key: string): Key {
  if (key === backendGroupKey) return { loop: 'backend-sg' }
  const at = key.indexOf(':')
  const rest = key.slice(at + 1)
  switch (key.slice(0, at)) {
    case 'group':
      return { loop: 'group', stack: rest }
    case 'targets':
      return { loop: 'targets', binding: rest }
    case 'endpoint-sg':
      return { loop: 'endpoint-sg', group: rest }
    case 'ingress-report':
      return { loop: 'ingress-report', name: rest }
    case 'ingress-group':
      return { loop: 'ingress-group', name: rest }
    default:
      throw new Error(`no loop for key ${key}`)
  }
}
