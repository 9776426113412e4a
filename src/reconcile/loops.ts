/** All loops behind one queue: which pass a key gets, what starts them, what keeps them going. */
import { instanceIdOf } from '../aws/network-interface.ts'
import { traced } from '../lib/trace.ts'
import { keyOf, type KubeObject, type TargetGroupBinding } from '../model/cluster.ts'
import { groupsOf } from '../model/group.ts'
import type { Pass } from '../watch/queue.ts'
import type { Verdict } from '../watch/verdict.ts'
import { reconcileBackendGroup } from './backend-security-group.ts'
import { type Context, optionsOf } from './context.ts'
import { reconcileEndpointGroup } from './endpoint-security-group.ts'
import { reconcileGroup } from './group.ts'
import { backendGroupKey, endpointGroupKey, groupKey, type Key, readKey, targetsKey } from './key.ts'
import { findEndpointGroups, heal } from './heal.ts'
import { nudgeOnChange } from './nudge.ts'
import { builds, follows } from './part.ts'
import { publishOutside, unpublishStale } from './publish.ts'
import { reconcileTargets } from './targets.ts'

export function work(pass: Pass, context: Context): Promise<Verdict> {
  const key = readKey(pass.key)
  const { priority } = pass
  return traced({ name: `pass ${key.loop}`, attributes: { key: pass.key, priority } }, () =>
    workOn(key, pass, context),
  )
}

async function workOn(key: Key, pass: Pass, context: Context): Promise<Verdict> {
  try {
    switch (key.loop) {
      case 'group':
        return await reconcileGroup(key.stack, pass, context)
      case 'targets':
        return await reconcileTargets(key.binding, pass, context)
      case 'endpoint-sg':
        return await reconcileEndpointGroup(key.group, pass, context)
      case 'backend-sg':
        return await reconcileBackendGroup(pass, context)
      case 'ingress-report':
        return await context.records.write('ingressReports', key.name)
      case 'ingress-group':
        return await context.records.write('ingressGroups', key.name)
    }
  } finally {
    context.unseen.delete(pass.key)
  }
}

/** So many of the latest changed bindings go on beside the sweep, not after it. */
const atOnce = 20

/** One sweep, and every key once; from then on what changes. Edits made meanwhile overtake both. */
export async function begin(context: Context, signal: AbortSignal): Promise<void> {
  const { queue, unseen, part } = context
  const start: Pass = { key: 'sweep', priority: 'new', signal }
  nudgeOnChange({ ...context, outside: () => reportOutside(context) })
  if (follows(part)) await lookAtNodes(start, context)
  const bindings = follows(part) ? latestFirst(context).map((binding) => targetsKey(keyOf(binding))) : []
  for (const key of bindings) unseen.add(key)
  for (const [at, key] of bindings.entries()) queue.add(key, at < atOnce ? 'new' : 'resync')
  context.targets.starting = true
  await sweepAccount(start, context)
  const stacks = stacksOf(context)
  // What one binding leads to belongs to the same first look.
  const groups = follows(part) ? (await findEndpointGroups(start, context)).map(endpointGroupKey) : []
  const others = stacks.length + bindings.length > 0 ? [...groups, backendGroupKey] : []
  for (const key of [...stacks, ...others]) unseen.add(key)
  for (const key of [...stacks, ...groups, backendGroupKey]) queue.add(key, 'resync')
  context.targets.starting = false
  reportOutside(context)
  if (follows(part)) unpublishStale(context)
}

const stacksOf = ({ informers, settings, part }: Context): readonly string[] =>
  [...groupsOf(informers.snapshot(), settings).groups.keys()]
    .filter((stack) => builds(part, stack))
    .map(groupKey)

/**
 * What changed while nobody looked is looked at first: thousands of target groups take AWS minutes to read. The numbers of an
 * API server's versions grow over all kinds of objects.
 */
function latestFirst({ bindings, informers }: Context): readonly TargetGroupBinding[] {
  const version = ({ metadata }: KubeObject): number => Number(metadata.resourceVersion ?? 0) || 0
  const { endpointSlices, services } = informers.stores
  const latest = (binding: TargetGroupBinding): number => {
    const key = `${binding.metadata.namespace ?? ''}/${binding.spec.serviceRef.name}`
    const service = services.get(key)
    const objects = [binding, ...endpointSlices.by('service', key), ...(service ? [service] : [])]
    return Math.max(...objects.map(version))
  }
  return bindings
    .list()
    .map((binding) => ({ binding, at: latest(binding) }))
    .sort((a, b) => b.at - a.at)
    .map(({ binding }) => binding)
}

/** The network interfaces of all nodes in a few calls, rather than those of each binding's nodes in many. */
async function lookAtNodes(pass: Pass, context: Context): Promise<void> {
  if (!context.bindings.list().some(({ spec }) => spec.networking !== undefined)) return
  const places = context.informers.stores.nodes.list().flatMap(({ metadata, spec }) => {
    const instanceId = instanceIdOf(spec.providerID)
    return instanceId === undefined ? [] : [{ key: metadata.name, instanceId }]
  })
  const found = await context.networkInterfaces.guards(places, optionsOf(pass, 'sweep', context))
  if (!found.ok)
    context.log.warn(
      { call: found.error.call, code: found.error.code },
      'network interfaces are read as they are needed',
    )
}

/** Ingresses that are in no group because of what is wrong with them. */
function reportOutside(context: Context): void {
  if (!follows(context.part)) return
  context.reports.problems('outside', publishOutside(context))
}

/** Heals the mirror, and has a look at what turned out different. */
export async function sweep(pass: Pass, context: Context, periodMs: number): Promise<void> {
  await sweepAccount(pass, context)
  if (follows(context.part)) await heal(pass, context, periodMs)
}

async function sweepAccount(pass: Pass, context: Context): Promise<void> {
  const swept = await context.sweeper.sweep({
    ...optionsOf(pass, 'sweep', context),
    deadline: Date.now() + 600_000,
  })
  if (!swept.ok) {
    const { call, code, message } = swept.error
    context.log.warn({ call, code, reason: message }, 'sweep failed: groups are read as they are needed')
    return
  }
  for (const stack of swept.value.changed) context.queue.add(groupKey(stack), 'drift')
}

/** Looks at everything, as ALBC's resync does. */
export function resync(context: Context): void {
  const { queue, bindings, part } = context
  for (const key of stacksOf(context)) queue.add(key, 'drift')
  if (follows(part)) for (const binding of bindings.list()) queue.add(targetsKey(keyOf(binding)), 'drift')
}
