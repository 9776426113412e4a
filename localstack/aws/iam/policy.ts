/**
 * Identity policies as IAM evaluates them (AWS: "Policy evaluation logic"): no statement that allows, or one that denies, refuses.
 * Of the condition operators those that policies for load balancers use; an unknown one is a mistake in the policy.
 */
type OneOrMore = string | readonly string[]
type Conditions = Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>
type Statement = {
  readonly Sid?: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: OneOrMore
  readonly Resource: OneOrMore
  readonly Condition?: Conditions
}
export type Policy = { readonly Version: '2012-10-17'; readonly Statement: readonly Statement[] }

/** What one call needs: each of its resources under each action. */
export type Authorization = {
  /** `elasticloadbalancing:CreateRule`. */
  readonly action: string
  /** An ARN, or `*` for actions that know no resource. */
  readonly resource: string
  /** Condition keys that are present, such as `aws:ResourceTag/team`. */
  readonly keys: Readonly<Record<string, string>>
}

export function isAllowed(policies: readonly Policy[], asked: Authorization): boolean {
  const statements = policies.flatMap(({ Statement }) => Statement).filter((one) => applies(one, asked))
  return (
    statements.some(({ Effect }) => Effect === 'Allow') && !statements.some(({ Effect }) => Effect === 'Deny')
  )
}

const listOf = (value: OneOrMore): readonly string[] => (typeof value === 'string' ? [value] : value)

const applies = (
  { Action, Resource, Condition = {} }: Statement,
  { action, resource, keys }: Authorization,
): boolean =>
  listOf(Action).some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
  listOf(Resource).some((pattern) => matches(pattern, resource)) &&
  Object.entries(Condition).every(([operator, wanted]) =>
    Object.entries(wanted).every(([key, values]) => holds(operator, keys[key], listOf(values))),
  )

function holds(operator: string, found: string | undefined, values: readonly string[]): boolean {
  switch (operator) {
    case 'Null':
      return values.some((value) => (value === 'true') === (found === undefined))
    case 'StringEquals':
      return found !== undefined && values.includes(found)
    case 'StringLike':
      return found !== undefined && values.some((value) => matches(value, found))
    default:
      throw new Error(`condition operator ${operator} is not known here`)
  }
}

/** `*` any run of characters, `?` any one. */
function matches(pattern: string, text: string): boolean {
  if (pattern === '*' || pattern === text) return true
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's').test(text)
}
