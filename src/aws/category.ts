/** The categories by which AWS limits calls per account and region, and a bucket for each, filled below AWS's own. */

export type Limits = {
  /** Part of the published capacity and rate that we take: others use the account too. */
  readonly fill?: number
}

export type Bucket = {
  draw(): void
  readyIn(): number
  refused(): void
  share(part: number): void
}

type Rate = { readonly capacity: number; readonly perSecond: number }

/** ELBv2: "Request throttling for the Elastic Load Balancing API"; every call also draws from `account`. */
const elb: Readonly<Record<string, Rate>> = {
  account: { capacity: 40, perSecond: 10 },
  read: { capacity: 40, perSecond: 10 },
  write: { capacity: 20, perSecond: 3 },
  registration: { capacity: 20, perSecond: 4 },
  intensive: { capacity: 10, perSecond: 0.2 },
}
const registration = new Set(['RegisterTargets', 'DeregisterTargets'])
const intensive = new Set(['CreateLoadBalancer', 'SetSubnets'])

/** EC2: each action has a bucket of its own. */
const ec2Rates: Readonly<Record<string, Rate>> = {
  AuthorizeSecurityGroupIngress: { capacity: 50, perSecond: 5 },
  RevokeSecurityGroupIngress: { capacity: 50, perSecond: 5 },
  CreateTags: { capacity: 100, perSecond: 10 },
  DeleteTags: { capacity: 100, perSecond: 10 },
}
const ec2Read: Rate = { capacity: 100, perSecond: 20 }
const ec2Write: Rate = { capacity: 50, perSecond: 5 }
/** WAF's rates are fixed: AWS raises them for nobody. WAF classic is taken to have those of WAFv2. */
const wafRates: Readonly<Record<string, Rate>> = {
  AssociateWebACL: { capacity: 1, perSecond: 0.5 },
  DisassociateWebACL: { capacity: 1, perSecond: 0.5 },
  GetWebACLForResource: { capacity: 1, perSecond: 1 },
}
const wafRead: Rate = { capacity: 5, perSecond: 5 }
/** Not published for the others: slow enough to harm nobody. */
const other: Rate = { capacity: 10, perSecond: 5 }

export const isWrite = (action: string): boolean => !/^(Describe|List|Get|Search|Assume)/.test(nameOf(action))
const nameOf = (action: string): string => action.slice(action.indexOf(':') + 1)

/** `elbv2:CreateRule` -> the names and rates of what it draws from. */
function ratesOf(action: string): readonly (readonly [string, Rate])[] {
  const name = nameOf(action)
  if (action.startsWith('ec2:')) return [[action, ec2Rates[name] ?? (isWrite(action) ? ec2Write : ec2Read)]]
  if (action.startsWith('waf')) return [[action, wafRates[name] ?? wafRead]]
  if (!action.startsWith('elbv2:')) return [[action, other]]
  const category = registration.has(name)
    ? 'registration'
    : intensive.has(name)
      ? 'intensive'
      : isWrite(action)
        ? 'write'
        : 'read'
  return ['account', category].map((key) => [`elbv2/${key}`, elb[key] ?? other])
}

export function bucketsOf({ fill = 0.9 }: Limits): {
  of(action: string): readonly Bucket[]
  share(part: number): void
} {
  const buckets = new Map<string, Bucket>()
  const byAction = new Map<string, readonly Bucket[]>()
  let part = 1
  const bucket = (name: string, rate: Rate): Bucket => {
    const known = buckets.get(name)
    if (known !== undefined) return known
    const made = createBucket({ capacity: rate.capacity * fill, perSecond: rate.perSecond * fill })
    made.share(part)
    buckets.set(name, made)
    return made
  }
  return {
    of: (action) => {
      const known = byAction.get(action)
      if (known !== undefined) return known
      const made = ratesOf(action).map(([name, rate]) => bucket(name, rate))
      byAction.set(action, made)
      return made
    },
    share: (to) => {
      part = to
      for (const one of buckets.values()) one.share(to)
    },
  }
}

/** After a refusal the rate is halved; each of these spells without one doubles it again. */
const recoveryMs = 15_000
const slowest = 1 / 8

function createBucket(full: Rate): Bucket {
  let part = 1
  let slow = 1
  let slowSince = 0
  let tokens = full.capacity
  // Monotonic: a clock that is set back must not stop the flow.
  let at = performance.now()

  const refill = (): void => {
    const now = performance.now()
    while (slow < 1 && now - slowSince >= recoveryMs) {
      slow = Math.min(1, slow * 2)
      slowSince += recoveryMs
    }
    tokens = Math.min(capacity(), tokens + ((now - at) / 1000) * perSecond())
    at = now
  }
  const capacity = (): number => Math.max(1, full.capacity * part)
  const perSecond = (): number => full.perSecond * part * slow

  return {
    draw: () => {
      refill()
      tokens -= 1
    },
    readyIn: () => {
      refill()
      // Sums of small refills fall short of 1 by rounding.
      return tokens >= 1 - 1e-6 ? 0 : ((1 - tokens) / perSecond()) * 1000
    },
    refused: () => {
      refill()
      tokens = Math.min(tokens, 0)
      slow = Math.max(slowest, slow / 2)
      slowSince = at
    },
    share: (to) => {
      refill()
      part = to
      tokens = Math.min(tokens, capacity())
    },
  }
}
