/** What the loops did so far, in Prometheus' text format. No label has more values than the code has words. */
import type { Histogram } from '../lib/histogram.ts'
import type { Context } from './context.ts'

export function metricsOf({
  aws,
  queue,
  stillLeader,
  targets,
}: Pick<Context, 'aws' | 'queue' | 'stillLeader' | 'targets'>): string {
  const stats = queue.stats()
  const calls = aws.counts().map(({ action, purpose, ...count }) => ({
    labels: `{action="${action}",purpose="${purpose}"}`,
    ...count,
  }))
  const metric = (
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    values: readonly string[],
  ): string[] => [
    `# HELP albatross_${name} ${help}`,
    `# TYPE albatross_${name} ${type}`,
    ...values.map((value) => `albatross_${name}${value}`),
  ]
  const histogram = (name: string, help: string, { lines }: Histogram): string[] => [
    `# HELP albatross_${name} ${help}`,
    `# TYPE albatross_${name} histogram`,
    ...lines(`albatross_${name}`),
  ]
  return `${[
    ...metric('leader', 'gauge', 'Whether this replica is the one that works.', [
      ` ${stillLeader() ? 1 : 0}`,
    ]),
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
    ...metric('queue_ready', 'gauge', 'Keys that wait for a worker.', [` ${stats.ready}`]),
    ...metric('queue_delayed', 'gauge', 'Keys that wait for their time.', [` ${stats.delayed}`]),
    ...metric('passes_total', 'counter', 'Passes of all loops.', [` ${stats.passes}`]),
    ...metric('passes_failed_total', 'counter', 'Passes that threw: bugs.', [` ${stats.thrown}`]),
    ...histogram(
      'readiness_gate_seconds',
      'From all containers of a pod being ready to its readiness gate being True.',
      targets.gateSeconds,
    ),
    ...metric(
      'pods_leaving_too_soon',
      'gauge',
      'Pods that would fail requests when they leave: their preStop hook or grace period is too short.',
      [` ${distinct(targets.leavingTooSoon.values())}`],
    ),
  ].join('\n')}\n`
}

/** A pod may be behind several bindings. */
const distinct = (sets: Iterable<ReadonlySet<string>>): number =>
  new Set([...sets].flatMap((set) => [...set])).size
