/** AWS's published token buckets: per account and region, ELBv2 by category, EC2 and WAF by action. */
import { Fault } from './service.ts'

type Rate = { readonly capacity: number; readonly refill: number }
type Draw = { readonly bucket: string; readonly rate: Rate }
type Level = { tokens: number; at: number }

const elb = {
  account: { capacity: 40, refill: 10 },
  read: { capacity: 40, refill: 10 },
  mutating: { capacity: 20, refill: 3 },
  registration: { capacity: 20, refill: 4 },
  intensive: { capacity: 10, refill: 0.2 },
} as const
const ec2 = {
  read: { capacity: 100, refill: 20 },
  unfilteredRead: { capacity: 50, refill: 10 },
  mutating: { capacity: 50, refill: 5 },
  tags: { capacity: 100, refill: 10 },
} as const

/** Fixed quotas: AWS raises them for nobody. */
const waf = {
  associate: { capacity: 1, refill: 0.5 },
  slow: { capacity: 1, refill: 1 },
  read: { capacity: 5, refill: 5 },
} as const

const registration = new Set(['RegisterTargets', 'DeregisterTargets'])
const intensive = new Set(['CreateLoadBalancer', 'SetSubnets'])
const dearWhenUnfiltered = new Set([
  'DescribeInstances',
  'DescribeNetworkInterfaces',
  'DescribeSecurityGroups',
])

function elbDraws(action: string): Draw[] {
  const category = action.startsWith('Describe')
    ? 'read'
    : registration.has(action)
      ? 'registration'
      : intensive.has(action)
        ? 'intensive'
        : 'mutating'
  return [
    { bucket: 'elb account', rate: elb.account },
    { bucket: `elb ${category}`, rate: elb[category] },
  ]
}

/** "Unfiltered and unpaginated": neither filters, ids nor a page size. */
function narrows(input: unknown): boolean {
  return Object.values((input ?? {}) as object).some((value) => value !== undefined && value !== false)
}

function ec2Draws(action: string, input: unknown): Draw[] {
  if (action === 'CreateTags' || action === 'DeleteTags') return [{ bucket: `ec2 ${action}`, rate: ec2.tags }]
  if (!action.startsWith('Describe')) return [{ bucket: `ec2 ${action}`, rate: ec2.mutating }]
  return dearWhenUnfiltered.has(action) && !narrows(input)
    ? [{ bucket: `ec2 ${action} unfiltered`, rate: ec2.unfilteredRead }]
    : [{ bucket: `ec2 ${action}`, rate: ec2.read }]
}

/** Those of WAF classic are taken to be the same. */
function wafDraws(service: string, action: string): Draw[] {
  if (/^(Associate|Disassociate)WebACL$/.test(action))
    return [{ bucket: `${service} ${action}`, rate: waf.associate }]
  const slow = /^(GetWebACLForResource|ListResourcesForWebACL)$|^(Create|Put|Update|Delete)/.test(action)
  return [{ bucket: `${service} ${action}`, rate: slow ? waf.slow : waf.read }]
}

function drawsOf(signingName: string, action: string, input: unknown): Draw[] {
  if (signingName === 'elasticloadbalancing') return elbDraws(action)
  if (signingName === 'ec2') return ec2Draws(action, input)
  return signingName.startsWith('waf') ? wafDraws(signingName, action) : []
}

function refusal(signingName: string): Fault {
  if (signingName === 'ec2') return new Fault('RequestLimitExceeded', 'Request limit exceeded.', 503)
  return new Fault(signingName.startsWith('waf') ? 'ThrottlingException' : 'Throttling', 'Rate exceeded')
}

export class Throttle {
  readonly #levels = new Map<string, Level>()

  /** Takes the call's tokens, or refuses it and takes none. `owner` is account and region. */
  take(owner: string, signingName: string, action: string, input: unknown, now: number): void {
    const draws = drawsOf(signingName, action, input)
    const levels = draws.map((draw) => this.#level(`${owner} ${draw.bucket}`, draw.rate, now))
    if (levels.some((level) => level.tokens < 1)) throw refusal(signingName)
    for (const level of levels) level.tokens -= 1
  }

  clear(): void {
    this.#levels.clear()
  }

  #level(key: string, rate: Rate, now: number): Level {
    const level = this.#levels.get(key) ?? { tokens: rate.capacity, at: now }
    const gained = (Math.max(0, now - level.at) / 1000) * rate.refill
    level.tokens = Math.min(rate.capacity, level.tokens + gained)
    level.at = now
    this.#levels.set(key, level)
    return level
  }
}
