/** One security group of nodes or pods: our rules on it are what all bindings together want. The only writer of them. */
import { apply } from '../apply/apply.ts'
import { readSecurityGroups } from '../aws/observe.ts'
import { ok } from '../lib/result.ts'
import { keyOf } from '../model/cluster.ts'
import { planEndpointSecurityGroup } from '../plan/endpoint-security-group.ts'
import type { Pass } from '../watch/queue.ts'
import type { Verdict } from '../watch/verdict.ts'
import { type Context, optionsOf, readerOf } from './context.ts'
import { backendGroupKey } from './key.ts'
import { afterAwsError, again, settled } from './verdict.ts'

export async function reconcileEndpointGroup(id: string, pass: Pass, context: Context): Promise<Verdict> {
  if (context.mirror.securityGroups.get(id) === undefined) {
    const read = await readSecurityGroups(readerOf(context, pass, 'reconcile'), context.mirror, [id])
    if (!read.ok) return afterAwsError(read.error)
  }
  const group = context.mirror.securityGroups.get(id)
  if (group === undefined) return settled
  const complete = allBindingsKnown(context)
  const wanted = context.endpointRules.on(id)
  const draft = planEndpointSecurityGroup(group, wanted, { settings: context.settings, complete })
  if (context.observe || draft.steps.length === 0)
    return complete ? settled : again(1_000, 'not every binding is known yet')
  const { results } = await apply(
    { stack: '', ...draft },
    {
      aws: context.aws,
      mirror: context.mirror,
      stillLeader: context.stillLeader,
      writeBinding: async () => ok(undefined),
      options: optionsOf(pass, 'reconcile', context),
    },
  )
  // A rule that named the shared group was what kept it.
  context.queue.add(backendGroupKey, 'resync')
  for (const one of results) {
    if (one.result !== 'failed') continue
    // Somebody else changed it meanwhile: what we know is wrong.
    if (one.error.kind === 'notFound' || one.error.kind === 'exists') {
      await readSecurityGroups(readerOf(context, pass, 'reconcile'), context.mirror, [id])
    }
    return afterAwsError(one.error)
  }
  if (results.some(({ result }) => result === 'skipped')) return again(200, 'the group changed meanwhile')
  return complete ? settled : again(1_000, 'not every binding is known yet')
}

/** Every binding with rules to ask for has asked since we started: only then may anything be revoked. */
export const allBindingsKnown = ({ bindings, endpointRules }: Context): boolean =>
  bindings
    .list()
    .every(
      (binding) =>
        binding.spec.networking === undefined ||
        binding.metadata.deletionTimestamp !== undefined ||
        endpointRules.has(keyOf(binding)),
    )
