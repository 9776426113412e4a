/** Names of load balancers, target groups and trust stores. */
import { invalid } from './refuse.ts'

function checkName(subject: string, name: string): void {
  if (name.length < 1 || name.length > 32)
    invalid(`The ${subject} name '${name}' cannot be longer than '32' characters`)
  if (!/^[A-Za-z0-9-]*$/.test(name))
    invalid(
      `The ${subject} name '${name}' can only contain characters that are alphanumeric characters and hyphens(-)`,
    )
  if (name.startsWith('-') || name.endsWith('-'))
    invalid(`The ${subject} name '${name}' cannot begin or end with a hyphen(-)`)
}
export function checkLoadBalancerName(name = ''): void {
  checkName('load balancer', name)
  if (name.startsWith('internal-')) invalid("The load balancer name cannot begin with 'internal-'")
}
export function checkTargetGroupName(name = ''): void {
  checkName('target group', name)
  if (name.includes('--')) invalid(`The target group name '${name}' cannot contain consecutive hyphens(-)`)
}
export function checkTrustStoreName(name = ''): void {
  checkName('trust store', name)
}
