/** What a group wants now, with all the facts that it takes. */
import { equal } from '../lib/json.ts'
import type { AwsError } from '../model/aws-error.ts'
import { build } from '../model/build.ts'
import type { Built, Needs } from '../model/desired.ts'
import type { Group } from '../model/group.ts'
import { fleetOf } from '../plan/fleet.ts'
import type { Pass } from '../watch/queue.ts'
import type { Context } from './context.ts'
import { factsFor } from './facts.ts'
import { stayersOf } from './move.ts'

type Modelled =
  | { readonly ok: true; readonly value: Built }
  | { readonly ok: false; readonly error: AwsError }

/** Asks for facts until the model needs no more that can be had. */
export async function model(group: Group, pass: Pass, context: Context): Promise<Modelled> {
  const cluster = context.informers.snapshot()
  let needs: Needs = {}
  for (;;) {
    const read = await factsFor(group, pass, context, needs)
    if (!read.ok) return read
    const built = build(group.stack, cluster, read.value, context.settings, stayersOf(group, context))
    const place = placeOf(built, context)
    const asked = together(needs, { ...built.needs, ...(place === 'to be found' ? { subnets: true } : {}) })
    // What is asked for again can't be had now.
    if (equal(asked, needs)) {
      context.secrets.use(group.stack, built.secrets)
      // A load balancer that stays has its subnets: that none was found means nothing.
      const problems = built.problems.filter(
        ({ kind, field }) => kind !== 'SubnetsNotFound' || field !== undefined || place !== 'has one',
      )
      return { ok: true, value: { ...built, problems } }
    }
    needs = asked
  }
}

/** Whether subnets must be looked for: where a load balancer is to be made, or to be made anew. */
function placeOf({ desired }: Built, { mirror }: Context): 'has one' | 'to be found' {
  const [loadBalancers] = mirror.loadBalancersOf(desired.stack)
  const { current, mustReplace, candidate } = fleetOf(desired, loadBalancers)
  return current && (!mustReplace || candidate) ? 'has one' : 'to be found'
}

function together(a: Needs, b: Needs): Needs {
  const targetGroups = [...new Set([...(a.targetGroups ?? []), ...(b.targetGroups ?? [])])].sort()
  const secrets = [...new Set([...(a.secrets ?? []), ...(b.secrets ?? [])])].sort()
  return {
    ...a,
    ...b,
    ...(targetGroups.length > 0 ? { targetGroups } : {}),
    ...(secrets.length > 0 ? { secrets } : {}),
  }
}
