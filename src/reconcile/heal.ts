/** What the sweep of the account doesn't read: targets of known target groups, and security groups of nodes and pods. */
import { readEndpointGroups, readSecurityGroups, readTargets } from '../aws/observe.ts'
import { equal } from '../lib/json.ts'
import { keyOf, type TargetGroupBinding } from '../model/cluster.ts'
import { bindingRef } from '../model/endpoint.ts'
import { isEndpointRule } from '../plan/endpoint-security-group.ts'
import { targetKey } from '../plan/targets.ts'
import type { Target } from '../model/actual.ts'
import { pause } from '../watch/pause.ts'
import type { Pass } from '../watch/queue.ts'
import { type Context, optionsOf } from './context.ts'
import { closedTo } from './endpoint-security-group.ts'
import { healFrontends } from './heal-frontend.ts'
import { endpointGroupKey, targetsKey } from './key.ts'
import { publishHealth } from './publish.ts'
import { reachOf } from './reach.ts'

/** A third of what AWS takes: thousands of target groups must not use up what the account's others need. */
const leastSpacingMs = 333

/** Every call waits for its turn behind all others; a sweep that comes while one is under way does nothing. */
export async function heal(pass: Pass, context: Context, periodMs: number): Promise<void> {
  if (context.targets.healing) return
  context.targets.healing = true
  try {
    await healEndpointGroups(pass, context)
    const bindings = context.bindings.list()
    const spacingMs = Math.min(leastSpacingMs, periodMs / (2 * bindings.length))
    for (const binding of bindings) {
      await pause(spacingMs, pass.signal)
      if (pass.signal.aborted) return
      await healTargets(binding, pass, context)
    }
    await healFrontends(patience(pass, context), context)
  } finally {
    context.targets.healing = false
  }
}

const patience = (pass: Pass, context: Context) => ({
  ...optionsOf(pass, 'sweep', context),
  deadline: Date.now() + 600_000,
})

/** Security groups on which rules of ours are, as far as they can be found: those that no binding wants must go. */
export async function findEndpointGroups(pass: Pass, context: Context): Promise<readonly string[]> {
  const { mirror, log } = context
  const reader = { aws: context.aws, options: patience(pass, context) }
  const read = await readEndpointGroups(reader, mirror, mirror.backendSecurityGroup)
  if (!read.ok)
    log.warn({ call: read.error.call, code: read.error.code }, 'rules of ours may be left on nodes')
  return mirror.securityGroups
    .values()
    .filter((group) => !mirror.owns(group) && group.ingress.some(isEndpointRule))
    .map(({ id }) => id)
}

async function healEndpointGroups(pass: Pass, context: Context): Promise<void> {
  const { endpointRules, mirror, networkInterfaces, queue, log } = context
  const options = patience(pass, context)
  const before = new Map(endpointRules.groups().map((id) => [id, mirror.securityGroups.get(id)?.ingress]))
  const found = await findEndpointGroups(pass, context)
  const read = await readSecurityGroups({ aws: context.aws, options }, mirror, [...before.keys()])
  const interfaces = await networkInterfaces.refresh(options)
  for (const answer of [read, interfaces])
    if (!answer.ok)
      log.warn({ call: answer.error.call, code: answer.error.code }, 'not looked at by the sweep')
  for (const [id, ingress] of before) {
    const now = mirror.securityGroups.get(id)?.ingress
    if (ingress === undefined || equal(ingress, now)) continue
    log.warn({ securityGroup: id }, 'rules were changed by somebody else: looking at them')
    tellClosed(id, context)
    queue.add(endpointGroupKey(id), 'drift')
  }
  for (const id of found) if (!before.has(id)) queue.add(endpointGroupKey(id), 'drift')
  // Costs no call where the same groups guard the same targets.
  for (const binding of context.bindings.list())
    if (binding.spec.networking !== undefined) queue.add(targetsKey(keyOf(binding)), 'drift')
}

/** Thousands may want the same: a few are enough to be noticed. */
const toldAtMost = 5

function tellClosed(id: string, context: Context): void {
  const { bindings, endpointRules, reports } = context
  const wanting = bindings.list().filter((binding) => {
    const wanted = endpointRules.of(keyOf(binding)).get(id) ?? []
    return closedTo(id, wanted, context).length > 0
  })
  for (const binding of wanting.slice(0, toldAtMost))
    reports.happened({
      on: bindingRef(binding),
      type: 'Warning',
      reason: 'RulesChanged',
      message: `Somebody else closed what targets need on security group ${id}. It is opened again.`,
    })
}

async function healTargets(binding: TargetGroupBinding, pass: Pass, context: Context): Promise<void> {
  const { mirror, queue, reports } = context
  const arn = binding.spec.targetGroupARN
  const before = arn === undefined ? undefined : mirror.registrations.get(arn)
  if (arn === undefined || before === undefined) return
  const reach = await reachOf(binding, pass, context)
  if (!reach.ok) return
  const read = await readTargets({ aws: reach.value, options: patience(pass, context) }, mirror, arn)
  if (!read.ok) {
    if (read.error.kind === 'notFound') mirror.registrations.forget(arn)
    queue.add(targetsKey(keyOf(binding)), 'drift')
    return
  }
  publishHealth(arn, context)
  const [was, is] = [live(before), live(read.value)]
  if (equal(was, is)) return
  const gone = was.filter((target) => !is.includes(target))
  const added = is.filter((target) => !was.includes(target))
  const said = [
    ...(gone.length === 0 ? [] : [`${gone.length} deregistered (${some(gone)})`]),
    ...(added.length === 0 ? [] : [`${added.length} registered (${some(added)})`]),
  ]
  if (binding.spec.multiClusterTargetGroup !== true || gone.length > 0)
    reports.happened({
      on: bindingRef(binding),
      type: 'Warning',
      reason: 'TargetsChanged',
      message: `Targets were changed by somebody else: ${said.join(', ')}. They are made right again.`,
    })
  queue.add(targetsKey(keyOf(binding)), 'drift')
}

const live = (targets: readonly Target[]): string[] =>
  targets
    .filter(({ state }) => state !== 'draining')
    .map(targetKey)
    .sort()

const some = (targets: readonly string[]): string =>
  targets.length > 3 ? `${targets.slice(0, 3).join(', ')} and others` : targets.join(', ')
