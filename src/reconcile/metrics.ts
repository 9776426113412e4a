/** What the loops did so far, in Prometheus' text format. No label has more values than the code has words. */
import type { Histogram } from '../lib/histogram.ts'
import type { Context } from './context.ts'

type Of = Pick<Context, 'aws' | 'queue' | 'stillLeader' | 'targets'>

export const metricsOf = ({ aws, queue, stillLeader, targets }: Of): string =>
  `${[
    ...metric('leader', 'gauge', 'Whether this replica is the one that works.', [
      ` ${stillLeader() ? 1 : 0}`,
    ]),
    ...callMetrics(aws),
    ...queueMetrics(queue),
    ...targetMetrics(targets),
  ].join('\n')}\n`

export const metric = (
  name: string,
  type: 'counter' | 'gauge' | 'histogram',
  help: string,
  values: readonly string[],
): string[] => [
  `# HELP albatross_${name} ${help}`,
  `# TYPE albatross_${name} ${type}`,
  ...values.map((value) => `albatross_${name}${value}`),
]

function callMetrics(aws: Context['aws']): string[] {
  const calls = aws.counts().map(({ action, purpose, ...count }) => ({
    labels: `{action="${action}",purpose="${purpose}"}`,
    ...count,
  }))
  return [
    ...metric(
      'aws_requests_total',
      'counter',
      'Requests sent to AWS, retries included.',
      calls.map(({ labels, calls: n }) => `${labels} ${n}`),
    ),
    ...metric(
      'aws_request_errors_total',
      'counter',
      'Requests that AWS refused or did not answer.',
      calls.map(({ labels, errors }) => `${labels} ${errors}`),
    ),
    ...metric(
      'aws_requests_throttled_total',
      'counter',
      'Requests that AWS throttled.',
      calls.map(({ labels, throttled }) => `${labels} ${throttled}`),
    ),
  ]
}

function queueMetrics(queue: Context['queue']): string[] {
  const { ready, delayed, passes, thrown } = queue.stats()
  return [
    ...metric('queue_ready', 'gauge', 'Keys that wait for a worker.', [` ${ready}`]),
    ...metric('queue_delayed', 'gauge', 'Keys that wait for their time.', [` ${delayed}`]),
    ...metric('passes_total', 'counter', 'Passes of all loops.', [` ${passes}`]),
    ...metric('passes_failed_total', 'counter', 'Passes that threw: bugs.', [` ${thrown}`]),
  ]
}

const targetMetrics = ({ gateSeconds, leavingTooSoon }: Context['targets']): string[] => [
  ...metric(
    'readiness_gate_seconds',
    'histogram',
    'From all containers of a pod being ready to its readiness gate being True.',
    linesOf(gateSeconds),
  ),
  ...metric(
    'pods_leaving_too_soon',
    'gauge',
    'Pods that would fail requests when they leave: their preStop hook or grace period is too short.',
    [` ${distinct(leavingTooSoon.values())}`],
  ),
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
