/**
 * How long the pure part of a pass takes: model and plan of one group, by size. Three paths an Ingress, each Ingress with a Service of
 * its own. `build`: nothing is there; `same`: all is there as wanted; `edit`: one path of one Ingress in the middle changed.
 * Milliseconds, median of several runs.
 */
import { clusterOf, factsOf, ingress, path, settingsOf } from '../test/model/fixture.ts'
import { applyPlan, empty, settle, simOf } from '../test/plan/simulate.ts'
import { build } from '../src/model/build.ts'
import type { Actual } from '../src/model/actual.ts'
import type { Cluster, Ingress } from '../src/model/cluster.ts'
import { plan } from '../src/plan/plan.ts'

const given = settingsOf()
const stack = 'bench'

const member = (index: number, second = '/search'): Ingress => {
  const name = `app-${String(index).padStart(4, '0')}`
  return ingress(`bench/${name}`, {
    annotations: { 'group.name': stack, 'target-type': 'ip', 'healthcheck-path': '/healthz' },
    spec: {
      rules: [
        {
          host: `${name}.example.com`,
          http: { paths: ['/cart', second, '/pay'].map((one) => path(one, name)) },
        },
      ],
    },
  })
}
const members = (size: number): Cluster =>
  clusterOf(Array.from({ length: size }, (_, index) => member(index)))

const facts = factsOf()

/** From nothing to all of it, by the small AWS of the plan's tests. */
function served(cluster: Cluster): Actual {
  let sim = simOf({ ...empty, stack })
  const { desired, problems } = build(stack, cluster, facts, given)
  const errors = problems.filter(({ level }) => level === 'error')
  if (errors.length > 0) throw new Error(JSON.stringify(errors[0]))
  for (let pass = 0; pass < 20; pass += 1) {
    const { steps, waits } = plan(desired, sim.actual, { now: pass * 60_000, settings: given })
    if (steps.length === 0 && waits.length === 0) return sim.actual
    const applied = applyPlan(sim, steps)
    if (applied.failed.length > 0) throw new Error(applied.failed[0])
    sim = settle(applied.sim)
  }
  throw new Error('no end')
}

type Timed = { readonly modelMs: number; readonly planMs: number; readonly steps: number }

function once(cluster: Cluster, actual: Actual): Timed {
  const started = performance.now()
  const { desired } = build(stack, cluster, facts, given)
  const built = performance.now()
  const { steps } = plan(desired, actual, { now: 3_600_000, settings: given })
  return { modelMs: built - started, planMs: performance.now() - built, steps: steps.length }
}

function median(of: () => Timed): Timed {
  const runs = Array.from({ length: 7 }, of).sort((a, b) => a.modelMs + a.planMs - b.modelMs - b.planMs)
  const middle = runs[3]
  if (middle === undefined) throw new Error('no runs')
  return middle
}

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 30, 100, 300, 1000, 3000]
const cell = (text: string | number, width: number): string => String(text).padStart(width)
console.log(
  `${cell('Ingresses', 10)}${cell('what', 7)}${cell('model ms', 10)}${cell('plan ms', 10)}${cell('both ms', 10)}${cell('us/Ingress', 12)}${cell('steps', 7)}`,
)
for (const size of sizes) {
  const cluster = members(size)
  const all = served(cluster)
  const middle = Math.floor(size / 2)
  const edited: Cluster = {
    ...cluster,
    ingresses: cluster.ingresses.map((one, index) => (index === middle ? member(index, '/find') : one)),
  }
  for (const [what, wanted, actual] of [
    ['build', cluster, { ...empty, stack }],
    ['same', cluster, all],
    ['edit', edited, all],
  ] as const) {
    const { modelMs, planMs, steps } = median(() => once(wanted, actual))
    const both = modelMs + planMs
    console.log(
      cell(size, 10) +
        cell(what, 7) +
        cell(modelMs.toFixed(1), 10) +
        cell(planMs.toFixed(1), 10) +
        cell(both.toFixed(1), 10) +
        cell(((both * 1000) / size).toFixed(0), 12) +
        cell(steps, 7),
    )
  }
}
