/** What a case is compared with: plans and statuses as text that a reader can follow, with names in place of ids. */
import type { Actual } from '../../src/model/actual.ts'
import type { Way } from '../../src/plan/project.ts'
import type { Plan } from '../../src/plan/step.ts'
import type { Problem } from '../../src/model/problem.ts'
import { eventOf } from '../../src/status/event.ts'

const width = 110

/** JSON of which every value that fits stands on one line. */
export function pretty(value: unknown, indent = '', room = width): string {
  const flat = inline(value)
  if (flat.length + indent.length <= room || value === null || typeof value !== 'object') return flat
  const inner = `${indent}  `
  if (Array.isArray(value))
    return `[\n${value.map((item) => inner + pretty(item, inner, room)).join(',\n')}\n${indent}]`
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{\n${members.map(([key, member]) => `${inner}${JSON.stringify(key)}: ${pretty(member, inner, room)}`).join(',\n')}\n${indent}}`
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return members.length === 0
    ? '{}'
    : `{ ${members.map(([key, member]) => `${JSON.stringify(key)}: ${inline(member)}`).join(', ')} }`
}

export function printPlans(plans: readonly Plan[], actuals: readonly Actual[]): string {
  const shown = plans.map(({ problems: _inStatus, owned: _whose, address, ...rest }, at) => ({
    ...rest,
    ...((actuals[at]?.loadBalancers.length ?? 0) > 1 ? { address } : {}),
  }))
  return `${named(pretty(shown), actuals)}\n`
}

/** A line a step, and what has to come about before the next. */
export function printWays(ways: readonly Way[], actuals: readonly Actual[]): string {
  const shown = ways.map(({ stages, plan: { stack } }) => ({
    stack,
    stages: stages.map(({ steps, waits }) => ({
      steps: steps.map(({ id, reason }) => `${id}: ${reason}`),
      ...(waits.length > 0 ? { waits: waits.map(({ on, why }) => `${on}: ${why}`) } : {}),
    })),
  }))
  return `${named(pretty(shown), actuals)}\n`
}

/** ARNs and ids are AWS's own: which resource they stand for is what matters. */
function named(text: string, actuals: readonly Actual[]): string {
  const names = new Map<string, string>()
  for (const { loadBalancers, listeners, rules, targetGroups, securityGroups, frontend } of actuals) {
    for (const { arn, name } of loadBalancers) names.set(arn, `load balancer ${name}`)
    for (const { arn, name } of targetGroups) names.set(arn, `target group ${name}`)
    for (const { arn, name } of frontend.loadBalancers) names.set(arn, `network load balancer ${name}`)
    for (const { arn, name } of frontend.targetGroups) names.set(arn, `target group ${name}`)
    for (const { arn, port } of frontend.listeners) names.set(arn, `network listener ${port}`)
    for (const { id, name } of securityGroups) names.set(id, `security group ${name}`)
    for (const { arn, port } of listeners) names.set(arn, `listener ${port}`)
    for (const { arn, listenerArn, priority } of rules)
      names.set(arn, `rule ${names.get(listenerArn)?.replace('listener ', '')}/${priority}`)
  }
  // The longest first: a rule's ARN begins as its listener's does.
  return [...names]
    .sort(([a], [b]) => b.length - a.length)
    .reduce((done, [id, name]) => done.replaceAll(id, `<${name}>`), text)
}

export type Told = {
  readonly problems: readonly Problem[]
  readonly held: readonly string[]
  readonly status: Readonly<Record<string, unknown>>
}

export function printStatus({ problems, held, status }: Told): string {
  const told = problems.map((problem) => {
    const { on, reason, message } = eventOf(problem)
    const name = `${on.kind} ${on.namespace === undefined ? '' : `${on.namespace}/`}${on.name}`
    return { on: name, level: problem.level, kind: problem.kind, field: problem.field, reason, message }
  })
  return `${pretty({ events: told, held, status })}\n`
}
