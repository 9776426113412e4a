/**
 * Held members that AWS serves to more than they would let in by now (design D3): told, and, where their class would rather
 * have it so, answered with 503 until they are mended.
 */
import type { Action, FixedResponseAction } from '../model/action.ts'
import type { Actual, ActualListener, ActualRule } from '../model/actual.ts'
import type { IngressKey } from '../model/choice.ts'
import type { Claims, PathClaim } from '../model/claim.ts'
import type { Desired } from '../model/desired.ts'
import { cidrContains } from '../route/cidr.ts'
import { draft, type Draft, step } from './draft.ts'
import { identityOf } from './identity.ts'
import { conditionsKey, named } from './match.ts'
import { overlap } from './overlap.ts'
import { ownerOf } from './owner.ts'
import type { Step } from './step.ts'
import { parkedUntil } from './switch.ts'
import type { PlanInput } from './world.ts'

const closed: FixedResponseAction = {
  type: 'fixed-response',
  statusCode: '503',
  contentType: 'text/plain',
  messageBody: 'temporarily unavailable',
}

/** A rule, or a listener's default. */
type Spot = {
  readonly arn: string
  readonly rule?: ActualRule
  readonly listener: ActualListener
  readonly actions: readonly Action[]
}
type Found = { readonly spot: Spot; readonly what: string }

export function planExposed(desired: Desired, actual: Actual, input: PlanInput): Draft {
  const drafts = Object.entries(desired.claims ?? {}).map(([ingress, claims]) => {
    const spots = spotsOf(ingress, claims, actual, input)
    const found = spots.flatMap((spot) => widerThan(claims, spot, actual).map((what) => ({ spot, what })))
    const steps = claims.closes ? closing(ingress, found) : []
    // Also what was closed before the class thought better of it: only the mended Ingress says what to serve.
    const isShut = steps.length > 0 || spots.some(({ actions }) => isClosed(actions))
    return { steps, exposed: exposure(ingress, found, isShut) }
  })
  return draft({
    steps: drafts.flatMap(({ steps }) => steps),
    exposed: drafts.flatMap(({ exposed }) => exposed),
  })
}

const exposure = (ingress: IngressKey, found: readonly Found[], isShut: boolean): Draft['exposed'] => {
  const what = [...new Set(found.map((one) => one.what))]
  return what.length > 0 || isShut ? [{ ingress, what, closed: isShut }] : []
}

/** What AWS serves of it now. */
function spotsOf(
  ingress: IngressKey,
  { byDefault }: Claims,
  actual: Actual,
  { owners }: PlanInput,
): readonly Spot[] {
  const listeners = new Map(actual.listeners.map((listener) => [listener.arn, listener]))
  const own = new Set(
    actual.targetGroups.flatMap((group) =>
      identityOf(group).base.startsWith(`${ingress}-`) ? [group.arn] : [],
    ),
  )
  const rules = actual.rules.flatMap((rule): Spot[] => {
    const listener = listeners.get(rule.listenerArn)
    const isIts = ownerOf(rule, owners) === ingress && parkedUntil(rule) === undefined
    return listener && isIts ? [{ arn: rule.arn, rule, listener, actions: rule.actions }] : []
  })
  const defaults = actual.listeners.flatMap((listener): Spot[] =>
    named(listener.defaultActions).some((arn) => own.has(arn)) ||
    (byDefault !== undefined && isClosed(listener.defaultActions))
      ? [{ arn: listener.arn, listener, actions: listener.defaultActions }]
      : [],
  )
  return [...rules, ...defaults]
}

const isClosed = ([action]: readonly Action[]): boolean =>
  action?.type === 'fixed-response' &&
  action.statusCode === closed.statusCode &&
  action.messageBody === closed.messageBody

/** Somebody gets something there. */
const lets = (actions: readonly Action[]): boolean =>
  actions.some(
    (action) =>
      action.type === 'forward' || (action.type === 'fixed-response' && action.statusCode.startsWith('2')),
  )

function widerThan(claims: Claims, spot: Spot, { securityGroups }: Actual): readonly string[] {
  const { listener, rule, actions } = spot
  if (!lets(actions)) return []
  const paths = claimsOn(claims, rule)
  const where = rule
    ? `rule ${rule.priority} on port ${listener.port}`
    : `the default of port ${listener.port}`
  const found: string[] = []
  if (listener.protocol === 'HTTPS' && paths.length > 0 && paths.every((path) => lacksLogin(path, actions)))
    found.push(`${where} asks nobody to log in`)
  if (rule && paths.length > 0 && paths.every((path) => lacksSources(path, rule)))
    found.push(`${where} answers other source addresses`)
  const { certificates, inbound } = claims
  if (
    listener.protocol === 'HTTPS' &&
    (certificates === 'any' || certificates.includes(listener.port)) &&
    listener.mutualAuthentication?.mode !== 'verify'
  )
    found.push(`port ${listener.port} asks for no client certificate`)
  if (inbound && securityGroups.some(({ ingress }) => admitsOthers(ingress, listener.port, inbound)))
    found.push(`port ${listener.port} is open to other addresses`)
  return found
}

/** Those of the same path; of one that is stated no more, those that would take its requests. */
function claimsOn({ paths, byDefault }: Claims, rule: ActualRule | undefined): readonly PathClaim[] {
  if (rule === undefined) return byDefault ? [byDefault] : []
  const asked = rule.conditions.filter(({ field }) => field !== 'source-ip')
  const key = conditionsKey(asked)
  const same = paths.filter(({ conditions }) => conditionsKey(conditions) === key)
  return same.length > 0 ? same : paths.filter(({ conditions }) => overlap(conditions, asked))
}

function lacksLogin({ login }: PathClaim, actions: readonly Action[]): boolean {
  if (login === 'none') return false
  const gate = actions.find(
    ({ type }) =>
      type === 'authenticate-oidc' || type === 'authenticate-cognito' || type === 'jwt-validation',
  )
  if (gate === undefined) return true
  return (
    login === 'required' && 'onUnauthenticatedRequest' in gate && gate.onUnauthenticatedRequest === 'allow'
  )
}

function lacksSources({ sources }: PathClaim, { conditions }: ActualRule): boolean {
  if (sources === undefined) return false
  const served = conditions.flatMap((one) => (one.field === 'source-ip' ? one.values : []))
  if (served.length === 0) return true
  return sources.length > 0 && served.some((one) => !sources.some((wide) => cidrContains(wide, one)))
}

const admitsOthers = (
  permissions: Actual['securityGroups'][number]['ingress'],
  port: number,
  allowed: readonly string[],
): boolean =>
  permissions.some(({ fromPort = 0, toPort = 65_535, source }) => {
    const cidr = 'cidr' in source ? source.cidr : 'cidrV6' in source ? source.cidrV6 : undefined
    const isOn = fromPort <= port && port <= toPort
    return isOn && cidr !== undefined && !allowed.some((wide) => cidrContains(wide, cidr))
  })

/** Nobody else writes the rules of a held member, nor a default that is kept. */
function closing(ingress: IngressKey, found: readonly Found[]): readonly Step[] {
  const spots = new Map(found.map(({ spot }) => [spot.arn, spot]))
  return [...spots.values()].map(({ arn, rule }) => {
    const why = {
      key: `${arn}:closed`,
      reason: 'its held edit would let fewer in, and its class would rather answer 503',
      impact: 'in place',
      owner: ingress,
    } as const
    if (rule === undefined)
      return step({ call: 'ModifyListener', listener: arn, defaultActions: [closed] }, why)
    const transforms = rule.transforms.length > 0 ? { transforms: [] } : {}
    return step({ call: 'ModifyRule', rule: arn, actions: [closed], ...transforms }, why)
  })
}
