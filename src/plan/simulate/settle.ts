/** What others do meanwhile, and time: AWS, the targets loop and the statuses bring what a plan waits for. */
import type { Actual, ActualCertificate, Target } from '../../model/actual.ts'
import type { Wait } from '../step.ts'
import { changed, type Sim } from './sim.ts'
import { servedIn } from './target-group.ts'

/** Load balancers come up, certificates are issued; bindings that are deleted go; target groups that are bound get a target, healthy once a rule names them. */
export function settle(sim: Sim, ready: Ready = 'somebody'): Sim {
  const bindings = sim.actual.bindings.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const bound = new Set(bindings.map(({ spec }) => spec.targetGroupARN))
  const attached = servedIn(sim)
  const { targets, targetGroups, loadBalancers, frontend, certificates } = sim.actual
  const targetsOf = (arn: string): readonly Target[] => {
    const known = targets[arn] ?? []
    if (!bound.has(arn)) return []
    if (ready === 'nobody') return known
    const state = attached.has(arn) ? 'healthy' : 'unused'
    return known.every((one) => one.id === someTarget.id) ? [{ ...someTarget, state }] : known
  }
  return changed(sim, {
    bindings,
    ...(certificates ? { certificates: certificates.map(issued) } : {}),
    loadBalancers: up(loadBalancers),
    frontend: { ...frontend, loadBalancers: up(frontend.loadBalancers) },
    targets: {
      ...Object.fromEntries(targetGroups.map(({ arn }) => [arn, targetsOf(arn)])),
      ...Object.fromEntries(frontend.targetGroups.map(({ arn }) => [arn, targets[arn] ?? []])),
    },
  })
}

/** Who is registered in new target groups: a plan can't know. */
export type Ready = 'somebody' | 'nobody'

const someTarget = { id: '192.0.2.1', port: 80 }

const up = (list: Actual['loadBalancers']): Actual['loadBalancers'] =>
  list.map((one) => (one.state === 'provisioning' ? { ...one, state: 'active' } : one))

const issued = (one: ActualCertificate): ActualCertificate =>
  one.status === 'PENDING_VALIDATION' ? { ...one, status: 'ISSUED' } : one

/** As read, where a plan asks for it: what was never set has AWS's defaults, which differ from nothing that is stated. */
export function read(sim: Sim, waits: readonly Wait[]): Sim {
  const asked = new Set(waits.flatMap((wait) => (wait.for === 'attributesRead' ? [wait.on] : [])))
  if (asked.size === 0) return sim
  const known = <T extends { readonly arn: string; readonly attributes?: object }>(list: readonly T[]): T[] =>
    list.map((one) => (asked.has(one.arn) ? { ...one, attributes: one.attributes ?? {} } : one))
  const { loadBalancers, listeners, targetGroups, frontend } = sim.actual
  return changed(sim, {
    loadBalancers: known(loadBalancers),
    listeners: known(listeners),
    targetGroups: known(targetGroups),
    frontend: {
      loadBalancers: known(frontend.loadBalancers),
      listeners: known(frontend.listeners),
      targetGroups: known(frontend.targetGroups),
    },
  })
}

/** Time for what only time brings. */
export const later = (sim: Sim, waits: readonly Wait[]): Sim => ({
  ...sim,
  now: sim.now + Math.max(0, ...waits.map((wait) => (wait.for === 'grace' ? wait.afterMs : 0))),
})
