/** What the loops did so far, in Prometheus' text format. No label has more values than the code has words. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Histogram } from '../lib/histogram.ts'
import type { Context } from './context.ts'
import { metric } from './metric.ts'

type Of = Pick<Context, 'aws' | 'queue' | 'stillLeader' | 'targets' | 'reports' | 'mirror'>

export const metricsOf = ({ aws, queue, stillLeader, targets, reports, mirror }: Of): string =>
  `${[
    ...metric('leader', [` ${stillLeader() ? 1 : 0}`]),
    ...callMetrics(aws),
    ...queueMetrics(queue),
    ...targetMetrics(targets),
    ...problemMetrics(reports),
    ...mirrorMetrics(mirror),
    ...processMetrics(),
  ].join('\n')}\n`

function callMetrics(aws: Context['aws']): string[] {
  const calls = aws.counts().map(({ action, purpose, ...count }) => ({
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

function queueMetrics(queue: Context['queue']): string[] {
  const { ready, delayed, passes, thrown } = queue.stats()
  return [
    ...metric('queue_ready', [` ${ready}`]),
    ...metric('queue_delayed', [` ${delayed}`]),
    ...metric('passes_total', [` ${passes}`]),
    ...metric('passes_failed_total', [` ${thrown}`]),
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

function problemMetrics(reports: Context['reports']): string[] {
  const { byKind, held } = reports.now()
  return [
    ...metric(
      'problems',
      [...byKind].map(([labels, count]) => `{${labels}} ${count}`),
    ),
    ...metric('held_ingresses', [` ${held}`]),
  ]
}

function mirrorMetrics({
  loadBalancers,
  listeners,
  rules,
  targetGroups,
  securityGroups,
}: Context['mirror']): string[] {
  const tables = { loadBalancers, listeners, rules, targetGroups, securityGroups }
  return metric(
    'aws_resources',
    Object.entries(tables).map(([kind, table]) => `{kind="${kind}"} ${[...table.values()].length}`),
  )
}

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
