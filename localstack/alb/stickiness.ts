/** Sessions that stay: with the target group that a rule chose, and with the target that the group chose (`aws-facts` 4.3, 4.4). */
import type { RoutingAction } from './action.ts'
import { setCookie, sets } from './cookie.ts'
import type { Headers } from './header.ts'
import { open, seal } from './seal.ts'
import type { GroupEntry, TargetEntry } from './table.ts'

type Forward = Extract<RoutingAction, { type: 'forward' }>
type Place = { readonly group: string; readonly target?: string }

export type Cookies = ReadonlyMap<string, string>
/** What is put on the answer of a target, which may itself decide. */
export type Stick = (answer: Headers) => Headers

const placeIn = (cookies: Cookies, names: readonly string[], now: number): Place | undefined =>
  names.map((name) => open(cookies.get(name), now) as Place | undefined).find((place) => place !== undefined)

/** The group that an earlier request got, while the rule still gives it any weight. */
export function stuckGroup(action: Forward, cookies: Cookies, now: number): string | undefined {
  if (action.stickySeconds === undefined) return undefined
  const place = placeIn(cookies, ['AWSALBTG', 'AWSALBTGCORS'], now)
  return action.groups.find(({ group, weight }) => weight > 0 && group === place?.group)?.group
}

/** The target that an earlier request got, while it is one of the `usable`. */
export function stuckTarget(
  group: GroupEntry,
  usable: readonly TargetEntry[],
  cookies: Cookies,
  now: number,
): TargetEntry | undefined {
  const kind = kindOf(group)
  if (kind === undefined) return undefined
  const appCookie = group.attributes.get('stickiness.app_cookie.cookie_name') ?? ''
  if (kind === 'app_cookie' && !cookies.has(appCookie)) return undefined
  const names = kind === 'app_cookie' ? ['AWSALBAPP-0'] : ['AWSALB', 'AWSALBCORS']
  const place = placeIn(cookies, names, now)
  return place?.group === group.arn ? usable.find(({ key }) => key === place.target) : undefined
}

function kindOf({ attributes }: GroupEntry): 'lb_cookie' | 'app_cookie' | undefined {
  if (attributes.get('stickiness.enabled') !== 'true') return undefined
  return attributes.get('stickiness.type') === 'app_cookie' ? 'app_cookie' : 'lb_cookie'
}

export type Chosen = {
  readonly action: Forward
  readonly group: GroupEntry
  readonly target: TargetEntry
  readonly secure: boolean
}

/** The cookies that keep a client where this request went; each answer begins their time anew. */
export function stick({ action, group, target, secure }: Chosen): Stick {
  return (answer) => {
    const now = Date.now()
    const place: Place = { group: group.arn, target: target.key }
    return [
      ...(action.stickySeconds === undefined
        ? []
        : both('AWSALBTG', seal({ group: group.arn }, now + action.stickySeconds * 1000), secure, now)),
      ...targetCookies(group, place, { answer, secure, now }),
    ]
  }
}

function targetCookies(
  group: GroupEntry,
  place: Place,
  { answer, secure, now }: { readonly answer: Headers; readonly secure: boolean; readonly now: number },
): Headers {
  const { attributes } = group
  const kind = kindOf(group)
  if (kind === undefined) return []
  const until = now + Number(attributes.get(`stickiness.${kind}.duration_seconds`) ?? 86_400) * 1000
  if (kind === 'lb_cookie') return both('AWSALB', seal(place, until), secure, now)
  const name = attributes.get('stickiness.app_cookie.cookie_name') ?? ''
  return sets(answer, name) ? [setCookie('AWSALBAPP-0', seal(place, until), now)] : []
}

/** The second one is for requests that come from other sites. */
const both = (name: string, value: string, secure: boolean, now: number): Headers => [
  setCookie(name, value, now),
  setCookie(`${name}CORS`, value, now, `; SameSite=None${secure ? '; Secure' : ''}`),
]
