/** docs/metrics.md, from the declarations in src/reconcile/metric.ts. */
import { metricKinds } from '../../src/reconcile/metric.ts'

export const metricsPage = (): string =>
  `${[
    '# Metrics',
    '',
    'Served at `--metrics-bind-addr`, path `/metrics`. No label has more values than the code has words: the number of series does not grow with the cluster.',
    '`chart/files/dashboard.json` is a Grafana dashboard and `chart/files/alerts.yaml` holds alerts; the chart installs both on request.',
    '',
    '| metric | type | what it is |',
    '|---|---|---|',
    ...Object.entries(metricKinds).map(
      ([name, [type, help]]) => `| \`albatross_${name}\` | ${type} | ${help} |`,
    ),
  ].join('\n')}\n`
