/** The whole way from what is to what shall be: plans tried one after the other on a simulated account, until nothing is left to do. */
import { canonical, equal } from '../lib/json.ts'
import type { Actual } from '../model/actual.ts'
import { backendGroup } from '../model/backend-security-group.ts'
import type { Desired } from '../model/desired.ts'
import { planBackendSecurityGroup } from './backend-security-group.ts'
import { plan } from './plan.ts'
import { later, read, type Ready, settle } from './simulate/settle.ts'
import { type Sim, simOf } from './simulate/sim.ts'
import { tryStep } from './simulate/try.ts'
import type { Plan, Step, Wait } from './step.ts'
import type { PlanInput } from './world.ts'

export type Stage = {
  readonly steps: readonly Step[]
  /** What has to come about before the next stage. */
  readonly waits: readonly Wait[]
}

/** Of the longest way that is known, a replacement taken back, some twenty. */
const mostStages = 60

export type Way = {
  readonly stages: readonly Stage[]
  /** All steps in one, told apart where one is done twice; what is still waited for at its end. */
  readonly plan: Plan
}

export type Assumed = {
  /** What a guard leaves of a plan; the way ends where it stops the rest. */
  readonly allow?: (plan: Plan) => Plan
  readonly ready?: Ready
}

/** What is made is named by its Ref. */
export function project(
  desired: Desired,
  actual: Actual,
  input: PlanInput,
  { allow = (one) => one, ready = 'somebody' }: Assumed = {},
): Way {
  const planned = (place: Place): Plan => allow(plan(desired, place.sim.actual, inputAt(input, place)))
  const stages: Stage[] = []
  let place: Place = { sim: simOf(actual, input.now), seen: input }
  const first = planned(place)
  let last = first
  while (stages.length < mostStages) {
    const { done, sim } = run(place.sim, [...sharedGroup(last, place.sim, input), ...last.steps])
    stages.push({ steps: done, waits: last.waits })
    const next: Place = { sim: after(settle(sim, ready), done, last.waits), seen: seenIn(sim, last) }
    const idle = equal(textOf(next), textOf(place))
    place = next
    last = planned(place)
    if (idle || (last.steps.length === 0 && last.waits.length === 0)) break
  }
  const shown = stages.filter(({ steps, waits }) => steps.length + waits.length > 0)
  return { stages: shown, plan: joined(first, last, shown) }
}

type Place = {
  readonly sim: Sim
  /** What the rest of the system shows by then. */
  readonly seen: Pick<PlanInput, 'shown' | 'filled'>
}

const inputAt = (input: PlanInput, { sim, seen }: Place): PlanInput => ({ ...input, ...seen, now: sim.now })

/** Where something was done, what comes of it is looked at before time passes. */
const after = (sim: Sim, done: readonly Step[], waits: readonly Wait[]): Sim =>
  later(read(sim, waits), done.length > 0 ? [] : waits)

/** Ingresses show the address that the plan says, and every binding has been looked at. */
function seenIn(
  { actual: { loadBalancers, bindings } }: Sim,
  { address }: Plan,
): Pick<PlanInput, 'shown' | 'filled'> {
  const found = loadBalancers.find(({ arn }) => arn === address)
  return {
    ...(found ? { shown: new Set([found.dnsName.toLowerCase()]) } : {}),
    filled: new Set(bindings.flatMap(({ spec }) => spec.targetGroupARN ?? [])),
  }
}

const textOf = ({ sim, seen }: Place): unknown => [sim.actual, sim.now, [...(seen.shown ?? [])]]

function joined(first: Plan, last: Plan, stages: readonly Stage[]): Plan {
  const seen = new Map<string, number>()
  const steps = stages.flatMap((stage) => {
    const names = new Map(
      stage.steps.map(({ id }) => {
        const times = (seen.get(id) ?? 0) + 1
        seen.set(id, times)
        return [id, times === 1 ? id : `${id} (${times})`]
      }),
    )
    return stage.steps.map((one) => ({
      ...one,
      id: names.get(one.id) ?? one.id,
      after: one.after.flatMap((id) => names.get(id) ?? []),
    }))
  })
  const problems = [
    ...new Map([...first.problems, ...last.problems].map((one) => [canonical(one), one])).values(),
  ]
  return { ...first, steps, waits: last.waits, problems, ...(last.guarded ? { guarded: last.guarded } : {}) }
}

/** In order, as apply runs them: what comes after a refused one is left out. */
function run(from: Sim, steps: readonly Step[]): { readonly sim: Sim; readonly done: readonly Step[] } {
  let sim = from
  const done: Step[] = []
  const failed = new Set<string>()
  for (const step of steps) {
    const tried = step.after.some((id) => failed.has(id)) ? undefined : tryStep(sim, step)
    if (tried?.ok) {
      sim = tried.value
      done.push(step)
    } else failed.add(step.id)
  }
  return { sim, done }
}

/** Another loop makes it for whoever needs it. */
function sharedGroup({ waits }: Plan, sim: Sim, { settings }: PlanInput): readonly Step[] {
  if (!waits.some((wait) => wait.for === 'backendSecurityGroup')) return []
  if (sim.actual.backendSecurityGroup !== undefined) return []
  return planBackendSecurityGroup(true, backendGroup(settings), undefined, settings).steps
}
