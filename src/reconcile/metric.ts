/** Every metric, declared once: docs/metrics.md, the dashboard and the alerts are checked against it. */
export const metricKinds = {
  leader: ['gauge', 'Whether this replica is one that works.'],
  lease_held: ['gauge', 'Whether this replica holds the Lease now, by `lease`.'],
  aws_requests_total: ['counter', 'Requests sent to AWS, retries included, by `action` and `purpose`.'],
  aws_request_errors_total: ['counter', 'Requests that AWS refused or did not answer.'],
  aws_requests_throttled_total: ['counter', 'Requests that AWS throttled.'],
  queue_ready: ['gauge', 'Keys that wait for a worker.'],
  queue_delayed: ['gauge', 'Keys that wait for their time.'],
  passes_total: ['counter', 'Passes of all loops.'],
  passes_failed_total: ['counter', 'Passes that threw: bugs.'],
  problems: ['gauge', 'Problems that are told of now, by `kind` and `level`.'],
  held_ingresses: ['gauge', 'Ingresses that are held as AWS serves them, for an error of theirs.'],
  aws_resources: ['gauge', 'What the mirror of AWS holds, by `kind`.'],
  readiness_gate_seconds: [
    'histogram',
    'From all containers of a pod being ready to its readiness gate being True.',
  ],
  deregistration_seconds: [
    'histogram',
    'From it being known that a target is on its way out to its being deregistered.',
  ],
  pods_leaving_too_soon: [
    'gauge',
    'Pods that would fail requests when they leave: their preStop hook or grace period is too short.',
  ],
  webhook_reviews_total: [
    'counter',
    'Objects that the API server asked the webhooks about, by what became of them (`webhook`, `result`).',
  ],
  webhook_certificate_expires_seconds: [
    'gauge',
    'Until when the certificate of the webhooks is valid, in seconds since 1970; 0 while they are not served.',
  ],
  event_loop_lag_seconds: [
    'gauge',
    'How late the process is at worst of a hundred times, since the last look.',
  ],
  log_lines_lost_total: ['counter', 'Log lines that could not be written to standard output.'],
  resident_memory_bytes: ['gauge', 'Memory of the process.'],
  heap_used_bytes: ['gauge', 'Of that, live JavaScript objects.'],
} as const satisfies Readonly<
  Record<string, readonly [type: 'counter' | 'gauge' | 'histogram', help: string]>
>

export type MetricName = keyof typeof metricKinds

/** `values`: what follows the name, such as `{kind="rule"} 3`. */
export function metric(name: MetricName, values: readonly string[]): string[] {
  const [type, help] = metricKinds[name]
  return [
    `# HELP albatross_${name} ${help}`,
    `# TYPE albatross_${name} ${type}`,
    ...values.map((value) => `albatross_${name}${value}`),
  ]
}
