/** All loops behind one queue: which pass a key gets, what starts them, what keeps them going. */
import { instanceIdOf } from '../aws/network-interface.ts'
import { keyOf } from '../model/cluster.ts'
import { groupsOf } from '../model/group.ts'
import type { Pass } from '../watch/queue.ts'
import type { Verdict } from '../watch/verdict.ts'
import { reconcileBackendGroup } from './backend-security-group.ts'
import { type Context, optionsOf } from './context.ts'
import { reconcileEndpointGroup } from './endpoint-security-group.ts'
import { reconcileGroup } from './group.ts'
import { backendGroupKey, endpointGroupKey, groupKey, readKey, targetsKey } from './key.ts'
import { findEndpointGroups, heal } from './heal.ts'
import { nudgeOnChange } from './nudge.ts'
import { publishOutside, unpublishStale } from './publish.ts'
import { reconcileTargets } from './targets.ts'

export async function work(pass: Pass, context: Context): Promise<Verdict> {
  const key = readKey(pass.key)
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

/** One sweep, then every key once; from then on what changes. Edits made meanwhile overtake both. */
export async function begin(context: Context, signal: AbortSignal): Promise<void> {
  const { informers, queue, settings, unseen } = context
  const start: Pass = { key: 'sweep', priority: 'new', signal }
  nudgeOnChange({ ...context, outside: () => reportOutside(context) })
  await sweepAccount(start, context)
  const keys = [
    ...[...groupsOf(informers.snapshot(), settings).groups.keys()].map(groupKey),
    ...context.bindings.list().map((binding) => targetsKey(keyOf(binding))),
  ]
  for (const key of keys) unseen.add(key)
  // What one binding leads to belongs to the same first look.
  const groups = (await findEndpointGroups(start, context)).map(endpointGroupKey)
  for (const key of [...groups, backendGroupKey]) if (keys.length > 0) unseen.add(key)
  await lookAtNodes(start, context)
  for (const key of [...keys, ...groups, backendGroupKey]) queue.add(key, 'resync')
  reportOutside(context)
  unpublishStale(context)
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
  context.reports.problems('outside', publishOutside(context))
}

/** Heals the mirror, and has a look at what turned out different. */
export async function sweep(pass: Pass, context: Context): Promise<void> {
  await sweepAccount(pass, context)
  await heal(pass, context)
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
export function resync({ informers, queue, settings, bindings }: Context): void {
  for (const stack of groupsOf(informers.snapshot(), settings).groups.keys())
    queue.add(groupKey(stack), 'drift')
  for (const binding of bindings.list()) queue.add(targetsKey(keyOf(binding)), 'drift')
}
