/** Where we differ from ALBC's recordings on purpose: the only list, by case and by what differs. Nothing else may differ, and each must. */

type Deliberate = {
  /** Each of these fits one difference that must be found: `path: ours instead of theirs`. */
  readonly found: readonly RegExp[]
  readonly reason: string
}
type Check = 'built' | 'deleted' | 'edited'

export const deliberate: Readonly<Record<string, Partial<Readonly<Record<Check, Deliberate>>>>> = {
  'invalid-regex-and-value': {
    built: {
      found: [/^\/securityGroups\/k8s-traffic-demo-[^:/]+: null instead of/],
      reason:
        "Nothing is made for a group that can't be built; ALBC makes the shared backend security group.",
    },
  },
  'backend-sg-exists': {
    deleted: {
      found: [/^\/securityGroups\/k8s-traffic-demo-[^:/]+: null instead of/],
      reason:
        'The shared backend security group bears our tags and nobody uses it any more, so it goes, as with ALBC; it was there before.',
    },
  },
}

/** Writes that making before breaking costs beyond ALBC's. */
export const dearer: Readonly<Record<string, { readonly writes: number; readonly reason: string }>> = {
  'update-target-type': {
    writes: 3,
    reason:
      'The new target group waits, healthy, in a rule that matches nothing before the rule is switched.',
  },
  'update-scheme': {
    writes: 9,
    reason:
      'The new load balancer stands beside the old one, with target groups of its own (which bear other names), until it is ready and the old address is forgotten.',
  },
}

/** Cases whose target groups are compared by the id in their tags: a replacement's are named after its load balancer. */
export const renamed: ReadonlySet<string> = new Set(['update-scheme'])

/** Differences that nobody wants: those not listed, and those listed that are not there. */
export function unwanted(name: string, check: Check, differences: readonly string[]): readonly string[] {
  const found = deliberate[name]?.[check]?.found ?? []
  return [
    ...differences.filter((one) => !found.some((pattern) => pattern.test(one))),
    ...found
      .filter((pattern) => !differences.some((one) => pattern.test(one)))
      .map((pattern) => `not found: ${pattern}`),
  ]
}
