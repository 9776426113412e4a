/** What the objects that tell of a group are called. */
import { sha256 } from '../lib/hash.ts'

/** Of any Kubernetes object whose name is a DNS subdomain. */
const longest = 253
const hashed = 10

/** `stack`: a group's name, or `<namespace>/<ingress>` of an Ingress without one. */
export function groupName(stack: string): string {
  const name = stack.includes('/') ? `ingress.${stack.replace('/', '.')}` : `group.${stack}`
  if (name.length <= longest) return name
  const start = name.slice(0, longest - hashed - 1).replace(/[.-]+$/, '')
  return `${start}-${sha256(stack).slice(0, hashed)}`
}
