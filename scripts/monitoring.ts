/** The Grafana dashboard and the alerts of the chart. */
import { stringify } from 'yaml'
import type { MetricName } from '../src/reconcile/metric.ts'
import type { GeneratedFile } from './crds.ts'

const of = (name: MetricName): string => `albatross_${name}`

type Panel = {
  readonly title: string
  readonly unit: string
  readonly queries: Readonly<Record<string, string>>
}
const panels: readonly Panel[] = [
  { title: 'Replicas that work', unit: 'none', queries: { working: `sum(${of('leader')})` } },
  {
    title: 'Leases held',
    unit: 'none',
    queries: { '{{pod}}': `sum by (pod) (${of('lease_held')})` },
  },
  { title: 'Ingresses held', unit: 'none', queries: { held: `sum(${of('held_ingresses')})` } },
  {
    title: 'Problems',
    unit: 'none',
    queries: { '{{kind}} ({{level}})': `sum by (kind, level) (${of('problems')})` },
  },
  {
    title: 'AWS calls',
    unit: 'reqps',
    queries: { '{{action}}': `sum by (action) (rate(${of('aws_requests_total')}[5m]))` },
  },
  {
    title: 'AWS calls, refused and throttled',
    unit: 'reqps',
    queries: {
      'refused {{action}}': `sum by (action) (rate(${of('aws_request_errors_total')}[5m]))`,
      'throttled {{action}}': `sum by (action) (rate(${of('aws_requests_throttled_total')}[5m]))`,
    },
  },
  { title: 'AWS resources', unit: 'none', queries: { '{{kind}}': `sum by (kind) (${of('aws_resources')})` } },
  {
    title: 'Queue',
    unit: 'none',
    queries: { ready: `sum(${of('queue_ready')})`, delayed: `sum(${of('queue_delayed')})` },
  },
  {
    title: 'Passes',
    unit: 'ops',
    queries: {
      all: `sum(rate(${of('passes_total')}[5m]))`,
      'threw (bugs)': `sum(rate(${of('passes_failed_total')}[5m]))`,
    },
  },
  {
    title: 'Readiness gates, 99 of 100',
    unit: 's',
    queries: {
      seconds: `histogram_quantile(0.99, sum by (le) (rate(${of('readiness_gate_seconds')}_bucket[10m])))`,
    },
  },
  {
    title: 'Deregistrations, 99 of 100',
    unit: 's',
    queries: {
      seconds: `histogram_quantile(0.99, sum by (le) (rate(${of('deregistration_seconds')}_bucket[10m])))`,
    },
  },
  {
    title: 'Pods that leave too soon',
    unit: 'none',
    queries: { pods: `max(${of('pods_leaving_too_soon')})` },
  },
  {
    title: 'Webhook reviews',
    unit: 'reqps',
    queries: {
      '{{webhook}} {{result}}': `sum by (webhook, result) (rate(${of('webhook_reviews_total')}[5m]))`,
    },
  },
  {
    title: 'Memory',
    unit: 'bytes',
    queries: { '{{pod}} resident': of('resident_memory_bytes'), '{{pod}} heap': of('heap_used_bytes') },
  },
  { title: 'Event loop lag', unit: 's', queries: { '{{pod}}': of('event_loop_lag_seconds') } },
  {
    title: 'Log lines lost',
    unit: 'none',
    queries: { '{{pod}}': `increase(${of('log_lines_lost_total')}[10m])` },
  },
]

const dashboard = {
  title: 'Albatross',
  uid: 'albatross',
  schemaVersion: 39,
  timezone: 'browser',
  refresh: '30s',
  time: { from: 'now-3h', to: 'now' },
  templating: {
    list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' }],
  },
  panels: panels.map(({ title, unit, queries }, at) => ({
    id: at + 1,
    type: 'timeseries',
    title,
    datasource: { type: 'prometheus', uid: '${datasource}' },
    gridPos: { h: 8, w: 12, x: (at % 2) * 12, y: Math.floor(at / 2) * 8 },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: Object.entries(queries).map(([legendFormat, expr], index) => ({
      refId: String.fromCodePoint(65 + index),
      expr,
      legendFormat,
    })),
  })),
}

type Alert = {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly severity: 'warning' | 'critical'
  readonly says: string
}
const alerts: readonly Alert[] = [
  {
    alert: 'AlbatrossNobodyWorks',
    expr: `(sum(${of('leader')}) or vector(0)) < 1`,
    for: '2m',
    severity: 'critical',
    says: 'No replica works: Ingresses and pods are not followed. Look at the Lease and at the logs of the pods.',
  },
  {
    alert: 'AlbatrossLeaseFree',
    expr: `sum by (lease) (${of('lease_held')}) < 1`,
    for: '2m',
    severity: 'critical',
    says: 'Nobody holds Lease {{ $labels.lease }}: what it stands for is not followed (docs/replicas.md).',
  },
  {
    alert: 'AlbatrossIngressHeld',
    expr: `sum(${of('held_ingresses')}) > 0`,
    for: '15m',
    severity: 'warning',
    says: '{{ $value }} Ingresses have an error and are held as AWS serves them. `kubectl get events -A --field-selector type=Warning` names them.',
  },
  {
    alert: 'AlbatrossAwsDenied',
    expr: `max(${of('problems')}{kind="AwsDenied"}) > 0`,
    for: '5m',
    severity: 'critical',
    says: 'AWS denies calls: a permission is missing. The event names it.',
  },
  {
    alert: 'AlbatrossThrottled',
    expr: `sum(rate(${of('aws_requests_throttled_total')}[10m])) / sum(rate(${of('aws_requests_total')}[10m])) > 0.1`,
    for: '15m',
    severity: 'warning',
    says: 'AWS throttles more than a tenth of the calls: somebody else uses up the rate of the account.',
  },
  {
    alert: 'AlbatrossPassesThrow',
    expr: `sum(increase(${of('passes_failed_total')}[15m])) > 0`,
    for: '0m',
    severity: 'warning',
    says: 'A pass threw, which is a bug; the group is tried again. The log has the stack.',
  },
  {
    alert: 'AlbatrossQueueGrows',
    expr: `max(${of('queue_ready')}) > 100`,
    for: '10m',
    severity: 'warning',
    says: '{{ $value }} keys wait for a worker.',
  },
  {
    alert: 'AlbatrossGatesSlow',
    expr: `histogram_quantile(0.99, sum by (le) (rate(${of('readiness_gate_seconds')}_bucket[10m]))) > 120`,
    for: '10m',
    severity: 'warning',
    says: 'Pods wait longer than two minutes for their readiness gates: roll-outs are slow.',
  },
  {
    alert: 'AlbatrossWebhookCertificateEnds',
    expr: `${of('webhook_certificate_expires_seconds')} > 0 and ${of('webhook_certificate_expires_seconds')} - time() < 7 * 86400`,
    for: '1h',
    severity: 'warning',
    says: 'The certificate of the webhooks ends within a week and was not replaced.',
  },
]

const rules = {
  groups: [
    {
      name: 'albatross',
      rules: alerts.map(({ alert, expr, for: wait, severity, says }) => ({
        alert,
        expr,
        for: wait,
        labels: { severity },
        annotations: { description: says },
      })),
    },
  ],
}

export const monitoringFiles = (): readonly GeneratedFile[] => [
  { path: 'chart/files/dashboard.json', text: `${JSON.stringify(dashboard, null, 2)}\n` },
  { path: 'chart/files/alerts.yaml', text: stringify(rules, { lineWidth: 0, compat: 'yaml-1.1' }) },
]
