/** The record of whose each served rule is, as an IngressGroup's status keeps it: written while members are good, read back after. */
import type { IngressGroupStatus } from '../kind/ingress-group.ts'
import { sha256 } from '../lib/hash.ts'
import type { Actual, ActualRule } from '../model/actual.ts'
import type { IngressKey } from '../model/choice.ts'
import { type Ingress, keyOf } from '../model/cluster.ts'
import { ownerTag } from '../model/tag.ts'
import { contentKey } from '../plan/match.ts'
import type { Plan } from '../plan/step.ts'

type Record = NonNullable<IngressGroupStatus['ruleOwners']>[number]

/** An API object holds a megabyte and a half; rules that bear our tag need no record. */
const most = 2_000

/** Whoever rewrites a rule in place, as ALBC does by position, may have given it to another. */
const contentHash = (rule: ActualRule): string => sha256(contentKey(withoutMarks(rule))).slice(0, 16)

/** That a Secret has changed since changes no rule. */
const withoutMarks = (rule: ActualRule): ActualRule => ({
  ...rule,
  actions: rule.actions.map((action) => {
    if (action.type !== 'authenticate-oidc') return action
    const { outdated: _since, ...served } = action
    return served
  }),
})

export function ruleOwners(
  { rules }: Pick<Actual, 'rules'>,
  { owned = [] }: Pick<Plan, 'owned'>,
  {
    ingresses,
    before = [],
  }: { readonly ingresses: readonly Ingress[]; readonly before?: readonly Record[] | undefined },
): readonly Record[] {
  const uids = new Map(ingresses.map((ingress) => [keyOf(ingress), ingress.metadata.uid]))
  const owners = new Map(owned.map(({ rule, owner }) => [rule, owner]))
  const known = new Map(before.map((record) => [record.ruleArn, record]))
  const records = rules.flatMap((rule): readonly (Record & { readonly tagged: boolean })[] => {
    const hash = contentHash(rule)
    const last = known.get(rule.arn)
    const uid =
      uids.get(owners.get(rule.arn) ?? '') ?? (last?.contentHash === hash ? last.ingressUid : undefined)
    const tagged = rule.tags[ownerTag] !== undefined
    return uid === undefined ? [] : [{ ruleArn: rule.arn, ingressUid: uid, contentHash: hash, tagged }]
  })
  const kept =
    records.length <= most
      ? records
      : [...records.filter(({ tagged }) => !tagged), ...records.filter(({ tagged }) => tagged)].slice(0, most)
  return kept
    .map(({ ruleArn, ingressUid, contentHash: hash }) => ({ ruleArn, ingressUid, contentHash: hash }))
    .toSorted((a, b) => (a.ruleArn < b.ruleArn ? -1 : 1))
}

/** By rule ARN, of rules that are still as they were recorded. An Ingress that is gone stands by its uid: it is no member. */
export function ownersOf(
  { rules }: Pick<Actual, 'rules'>,
  records: readonly Record[] | undefined,
  ingresses: readonly Ingress[],
): Readonly<globalThis.Record<string, IngressKey>> {
  if (records === undefined || records.length === 0) return {}
  const keys = new Map(ingresses.map((ingress) => [ingress.metadata.uid, keyOf(ingress)]))
  const known = new Map(records.map((record) => [record.ruleArn, record]))
  return Object.fromEntries(
    rules.flatMap((rule): [string, IngressKey][] => {
      const record = known.get(rule.arn)
      if (record === undefined || record.contentHash !== contentHash(rule)) return []
      return [[rule.arn, keys.get(record.ingressUid) ?? record.ingressUid]]
    }),
  )
}
