/** Every flag, declared once: parser, default, doc. Names are ALBC's where ALBC has the flag; each may come from the environment. */
import { isIP } from 'node:net'
import { fail, ok, type Result } from './lib/result.ts'

export type Flag<T> = {
  readonly parse: (text: string) => Result<T, string>
  /** Absent: the flag must be given. */
  readonly default?: T
  readonly doc: string
  /** Environment variables that stand in for the flag, besides ALBATROSS_<NAME>. */
  readonly env?: readonly string[]
  readonly albc: boolean
}

const text = (value: string): Result<string, string> => ok(value)
const bool = (value: string): Result<boolean, string> => {
  if (['', '1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return ok(true)
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return ok(false)
  return fail('allowed: true, false')
}
const integer =
  (min: number, max: number) =>
  (value: string): Result<number, string> => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
    return number >= min && number <= max ? ok(number) : fail(`allowed: an integer from ${min} to ${max}`)
  }
const oneOf =
  <T extends string>(...values: readonly T[]) =>
  (value: string): Result<T, string> => {
    const found = values.find((allowed) => allowed === value)
    return found === undefined ? fail(`allowed: ${values.join(', ')}`) : ok(found)
  }
const list = (value: string): Result<readonly string[], string> =>
  ok(
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )
const map = (value: string): Result<Readonly<Record<string, string>>, string> => {
  const items = value.split(',').filter((item) => item.trim() !== '')
  const bad = items.find((item) => item.indexOf('=') < 1)
  if (bad !== undefined) return fail(`"${bad.trim()}" is not key=value`)
  return ok(
    Object.fromEntries(
      items.map((item) => {
        const at = item.indexOf('=')
        return [item.slice(0, at).trim(), item.slice(at + 1).trim()]
      }),
    ),
  )
}
const pattern =
  (regex: RegExp, says: string) =>
  (value: string): Result<string, string> =>
    regex.test(value) ? ok(value) : fail(says)
/** Go's durations, to milliseconds. */
const duration = (value: string): Result<number, string> => {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value)) return fail('allowed: a duration such as 30s, 10m or 1h30m')
  let total = 0
  for (const [, number, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(number) * (units[unit ?? ''] ?? 0)
  return ok(total)
}
/** `host:port`, host may be empty; `0` turns the server off. */
const listenAddress = (
  value: string,
): Result<{ readonly host: string; readonly port: number } | 'off', string> => {
  if (value === '0' || value === '') return ok('off')
  const found = /^(\[[^\]]+\]|[^:]*):(\d{1,5})$/.exec(value)
  const host = (found?.[1] ?? '').replace(/^\[|\]$/g, '')
  if (!found || Number(found[2]) > 65535 || (host !== '' && host !== 'localhost' && isIP(host) === 0)) {
    return fail('allowed: host:port, :port, or 0 for none')
  }
  return ok({ host: host === '' ? '0.0.0.0' : host, port: Number(found[2]) })
}

/** Of a Kubernetes object. */
const name = pattern(
  /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  'not a name as Kubernetes objects have',
)

const flag = <T>(
  doc: string,
  parse: (text: string) => Result<T, string>,
  more: { readonly default?: NoInfer<T>; readonly env?: readonly string[]; readonly albc?: boolean } = {},
): Flag<T> => ({ doc, parse, albc: true, ...more })

export const flags = {
  'cluster-name': flag(
    'Name of the cluster: part of every tag and name hash.',
    pattern(/^.+$/, 'must not be empty'),
  ),
  'aws-region': flag(
    'Region of the load balancers.',
    pattern(/^[a-z]{2}(-[a-z]+)+-\d+$/, 'not a region such as eu-west-1'),
    {
      env: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    },
  ),
  'aws-vpc-id': flag(
    'VPC of the cluster.',
    pattern(/^vpc-[0-9a-f]{8,32}$/, 'not a VPC id such as vpc-0a1b2c3d4e5f60718'),
  ),
  kubeconfig: flag('Path of a kubeconfig; the in-cluster service account if absent.', text, {
    default: '',
    env: ['KUBECONFIG'],
  }),
  'ingress-class': flag(
    'Value of the legacy annotation kubernetes.io/ingress.class that is ours; empty: also Ingresses without any class.',
    text,
    {
      default: 'alb',
    },
  ),
  'default-tags': flag('Tags on every resource, as key=value,key=value.', map, { default: {} }),
  'external-managed-tags': flag('Tag keys that are left alone.', list, { default: [] }),
  'default-target-type': flag('Target type where none is stated.', oneOf('instance', 'ip'), {
    default: 'instance',
  }),
  'default-load-balancer-scheme': flag('Scheme where none is stated.', oneOf('internal', 'internet-facing'), {
    default: 'internal',
  }),
  'default-ssl-policy': flag('SSL policy of HTTPS listeners without one.', text, {
    default: 'ELBSecurityPolicy-2016-08',
  }),
  'enable-backend-security-group': flag(
    'Use one shared security group as the source in node and pod security groups.',
    bool,
    { default: true },
  ),
  'backend-security-group': flag(
    'Id of the shared backend security group; created if empty.',
    pattern(/^(sg-[0-9a-f]+)?$/, 'must start with sg-'),
    {
      default: '',
    },
  ),
  'enable-manage-backend-security-group-rules': flag(
    'Default of the annotation manage-backend-security-group-rules.',
    bool,
    { default: false },
  ),
  'disable-restricted-sg-rules': flag(
    'Open all TCP ports of endpoints to the load balancer rather than the needed ones.',
    bool,
    { default: false },
  ),
  'exact-backend-ports': flag(
    'Open each port of endpoints by a rule of its own, rather than one range from the lowest to the highest.',
    bool,
    { default: false, albc: false },
  ),
  'tolerate-non-existent-backend-service': flag(
    'Answer 503 for a Service that does not exist, rather than hold the Ingress.',
    bool,
    { default: true },
  ),
  'tolerate-non-existent-backend-action': flag(
    'Answer 503 for an action that does not exist, rather than hold the Ingress.',
    bool,
    { default: true },
  ),
  'allowed-certificate-authority-arns': flag(
    'Certificate authorities whose certificates may be discovered; all if empty.',
    list,
    { default: [] },
  ),
  'max-targets-per-target-group': flag(
    'Most targets registered in one target group; 0 for no limit.',
    integer(0, 1_000_000),
    { default: 0 },
  ),
  'service-target-eni-security-group-tags': flag(
    'More tags that pick the security group of a network interface.',
    map,
    { default: {} },
  ),
  'feature-gates': flag('Feature gates as Name=true,Name=false.', map, { default: {} }),
  'ingress-max-concurrent-reconciles': flag('Groups reconciled at a time.', integer(1, 256), { default: 3 }),
  'targetgroupbinding-max-concurrent-reconciles': flag('Bindings reconciled at a time.', integer(1, 256), {
    default: 3,
  }),
  'enable-leader-election': flag(
    'Of several replicas one works, the others stand by; false: this one works, whoever else does.',
    bool,
    { default: true },
  ),
  'leader-election-id': flag('Name of the Lease that the leader holds.', name, {
    default: 'albatross-leader',
  }),
  'leader-election-namespace': flag(
    "Namespace of that Lease; the pod's own, or the kubeconfig's, if empty.",
    (value) => (value === '' ? ok(value) : name(value)),
    { default: '' },
  ),
  'leader-election-lease-duration': flag(
    'How long a standby waits for a leader that renews no more.',
    duration,
    { default: 15_000, albc: false },
  ),
  'leader-election-renew-deadline': flag(
    'How long a leader that cannot renew goes on; AWS calls get at most the time from then to the end of the lease.',
    duration,
    { default: 10_000, albc: false },
  ),
  'leader-election-retry-period': flag('Time between two tries to get or renew the Lease.', duration, {
    default: 2_000,
    albc: false,
  }),
  'sweep-period': flag('Time between two sweeps of the account that look for drift.', duration, {
    default: 600_000,
    albc: false,
  }),
  'sync-period': flag(
    'Time between two looks at every group and binding, whether anything changed or not.',
    duration,
    {
      default: 36_000_000,
    },
  ),
  'log-level': flag('Least severe level that is logged.', oneOf('debug', 'info', 'warn', 'error'), {
    default: 'info',
  }),
  'metrics-bind-addr': flag('Where /metrics is served; 0 for nowhere.', listenAddress, {
    default: { host: '0.0.0.0', port: 8080 },
  }),
  'health-probe-bind-addr': flag('Where /healthz and /readyz are served; 0 for nowhere.', listenAddress, {
    default: { host: '0.0.0.0', port: 61779 },
  }),
  'group-failure': flag(
    'A bad member: isolate holds it alone, strict freezes its group, as ALBC does.',
    oneOf('isolate', 'strict'),
    {
      default: 'isolate',
      albc: false,
    },
  ),
  mode: flag('observe plans and reports, and writes nothing to AWS.', oneOf('reconcile', 'observe'), {
    default: 'reconcile',
    albc: false,
  }),
} as const

export type FlagName = keyof typeof flags
export type FlagValues = { readonly [K in FlagName]: (typeof flags)[K] extends Flag<infer T> ? T : never }
