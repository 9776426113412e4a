/** What the loops did so far, in Prometheus' text format. No label has more values than the code has words. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Histogram } from '../lib/histogram.ts'
import type { Context } from './context.ts'
import { stackTag } from '../model/tag.ts'
import { metric } from './metric.ts'
import { builds, follows } from './part.ts'

type Of = Pick<Context, 'queue' | 'stillLeader' | 'targets' | 'part' | 'reports' | 'mirror'>

/** Passes for what this replica works for no more. */
export type Past = { passes: number; thrown: number }

/** Of all that this replica works for now: the gauges of what it gave up go with that. */
export function metricsOf(
  parts: readonly Of[],
  aws: Pick<Context['aws'], 'counts'> | undefined,
  past: Past = { passes: 0, thrown: 0 },
): string {
  const leads = parts.some(({ stillLeader }) => stillLeader())
  // One part alone registers targets.
  const targets = (parts.find(({ part }) => follows(part)) ?? parts[0])?.targets
  return text([
    ...metric('leader', [` ${leads ? 1 : 0}`]),
    ...callMetrics(aws?.counts() ?? []),
    ...queueMetrics(
      parts.map(({ queue }) => queue.stats()),
      past,
    ),
    ...(targets === undefined ? [] : targetMetrics(targets)),
    ...problemMetrics(parts.map(({ reports }) => reports.now())),
    ...mirrorMetrics(parts),
    ...processMetrics(),
  ])
}

/** By name. */
export const leaseMetrics = (leases: ReadonlyMap<string, boolean>): string =>
  text(
    metric(
      'lease_held',
      [...leases].map(([name, held]) => `{lease="${name}"} ${held ? 1 : 0}`),
    ),
  )

const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`

function callMetrics(counts: ReturnType<Context['aws']['counts']>): string[] {
  const calls = counts.map(({ action, purpose, ...count }) => ({
    labels: `{action="${action}",purpose="${purpose}"}`,
    ...count,
  }))
  return [
    ...metric(
      'aws_requests_total',
      calls.map(({ labels, calls: n }) => `${labels} ${n}`),
    ),
    ...metric(
      'aws_request_errors_total',
      calls.map(({ labels, errors }) => `${labels} ${errors}`),
    ),
    ...metric(
      'aws_requests_throttled_total',
      calls.map(({ labels, throttled }) => `${labels} ${throttled}`),
    ),
  ]
}

function queueMetrics(all: readonly ReturnType<Context['queue']['stats']>[], past: Past): string[] {
  const sum = (of: 'ready' | 'delayed' | 'passes' | 'thrown'): number =>
    all.reduce((total, stats) => total + stats[of], 0)
  return [
    ...metric('queue_ready', [` ${sum('ready')}`]),
    ...metric('queue_delayed', [` ${sum('delayed')}`]),
    ...metric('passes_total', [` ${past.passes + sum('passes')}`]),
    ...metric('passes_failed_total', [` ${past.thrown + sum('thrown')}`]),
  ]
}

const targetMetrics = ({ gateSeconds, leftSeconds, leavingTooSoon }: Context['targets']): string[] => [
  ...metric('readiness_gate_seconds', linesOf(gateSeconds)),
  ...metric('deregistration_seconds', linesOf(leftSeconds)),
  ...metric('pods_leaving_too_soon', [` ${distinct(leavingTooSoon.values())}`]),
]

function linesOf(histogram: Histogram): readonly string[] {
  const { buckets, sum, count } = histogram.read()
  return [
    ...buckets.map(({ upTo, count: below }) => `_bucket{le="${upTo}"} ${below}`),
    `_bucket{le="+Inf"} ${count}`,
    `_sum ${sum}`,
    `_count ${count}`,
  ]
}

/** A pod may be behind several bindings. */
const distinct = (sets: Iterable<ReadonlySet<string>>): number =>
  new Set([...sets].flatMap((set) => [...set])).size

function problemMetrics(all: readonly ReturnType<Context['reports']['now']>[]): string[] {
  const counts = new Map<string, number>()
  for (const { byKind } of all)
    for (const [labels, count] of byKind) counts.set(labels, (counts.get(labels) ?? 0) + count)
  return [
    ...metric(
      'problems',
      [...counts].map(([labels, count]) => `{${labels}} ${count}`),
    ),
    ...metric('held_ingresses', [` ${all.reduce((sum, { held }) => sum + held, 0)}`]),
  ]
}

/** Each by the part to which it belongs, so that the sum over replicas is what there is. */
function mirrorMetrics(parts: readonly Of[]): string[] {
  const sum = (of: (part: Of) => number): number => parts.reduce((total, part) => total + of(part), 0)
  const built = parts.filter(({ part }) => builds(part))
  const count = (kind: 'loadBalancers' | 'listeners' | 'rules' | 'targetGroups'): number =>
    built.reduce((total, { mirror }) => total + mirror[kind].values().length, 0)
  const counts = {
    loadBalancers: count('loadBalancers'),
    listeners: count('listeners'),
    rules: count('rules'),
    targetGroups: count('targetGroups'),
    securityGroups: sum(({ mirror, part }) => mirror.securityGroups.values().filter(isOf(part)).length),
  }
  return metric(
    'aws_resources',
    Object.entries(counts).map(([kind, value]) => `{kind="${kind}"} ${value}`),
  )
}

const isOf =
  (part: Of['part']) =>
  ({ tags }: { readonly tags: Readonly<Record<string, string>> }): boolean =>
    part === 'all' || (tags[stackTag] === undefined) === (part === 'network')

const lag = monitorEventLoopDelay({ resolution: 20 })

/** The first look starts the measuring of the lag. */
function processMetrics(): string[] {
  lag.enable()
  const worst = lag.percentile(99) / 1e9
  lag.reset()
  const { rss, heapUsed } = process.memoryUsage()
  return [
    ...metric('event_loop_lag_seconds', [` ${Number.isFinite(worst) ? worst : 0}`]),
    ...metric('resident_memory_bytes', [` ${rss}`]),
    ...metric('heap_used_bytes', [` ${heapUsed}`]),
  ]
}
