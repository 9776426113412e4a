/** Every flag, declared once: parser, default, doc. Names are ALBC's where ALBC has the flag; each may come from the environment. */
import { ok } from './lib/result.ts'
import { startFlags } from './flag-start.ts'
import { injectLabel } from './model/readiness.ts'
import { semantics, whenExposed } from './model/settings.ts'
import {
  address,
  bool,
  duration,
  type Flag,
  flag,
  httpsUrl,
  integer,
  list,
  listenAddress,
  map,
  name,
  oneOf,
  pattern,
  text,
} from './flag-parser.ts'

export const flags = {
  'cluster-name': flag(
    'Name of the cluster: part of every tag and name hash.',
    pattern(/^.+$/, 'must not be empty'),
  ),
  'aws-region': flag(
    'Region of the load balancers; that of the instance, by its metadata, if absent.',
    pattern(/^[a-z]{2}(-[a-z]+)+-\d+$/, 'not a region such as eu-west-1'),
    {
      env: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    },
  ),
  'aws-vpc-id': flag(
    'VPC of the cluster; by --aws-vpc-tags or, without them, by instance metadata if absent.',
    pattern(/^vpc-[0-9a-f]{8,32}$/, 'not a VPC id such as vpc-0a1b2c3d4e5f60718'),
  ),
  'aws-vpc-tags': flag('Tags that only the VPC of the cluster bears, in place of --aws-vpc-id.', map, {
    default: {},
  }),
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
  'required-secrets-label': flag(
    'Label, as key=value, without which a Secret is not used; empty for none.',
    pattern(/^$|^[^=]+=[^=]*$/, 'allowed: key=value'),
    { default: '' },
  ),
  'default-pca-arn': flag(
    'Private certificate authority of certificates that the controller asks for, where an Ingress names none; a public one if empty.',
    text,
    { default: '' },
  ),
  'enable-wafv2': flag('Act upon the annotations of WAFv2.', bool, { default: true }),
  'enable-waf': flag('Act upon the annotations of WAF classic.', bool, { default: true }),
  'enable-shield': flag('Act upon the annotation of Shield Advanced.', bool, { default: true }),
  'max-targets-per-target-group': flag(
    'Most targets registered in one target group; 0 for no limit.',
    integer(0, 1_000_000),
    { default: 0 },
  ),
  'deregistration-propagation': flag(
    'How long requests may come after a deregistration: pods that end sooner are told of. 0s: none is.',
    duration,
    { default: 15_000, albc: false },
  ),
  'longest-request': flag(
    'How long a pod may take for a request, when it leaves; the deregistration delay where that is shorter.',
    duration,
    { default: 10_000, albc: false },
  ),
  'service-target-eni-security-group-tags': flag(
    'More tags that pick the security group of a network interface.',
    map,
    { default: {} },
  ),
  'feature-gates': flag('Feature gates as Name=true,Name=false.', map, { default: {} }),
  'ingress-max-concurrent-reconciles': flag(
    'Groups reconciled at a time; as many more that were edited.',
    integer(1, 256),
    { default: 3 },
  ),
  'targetgroupbinding-max-concurrent-reconciles': flag(
    'Bindings reconciled at a time; as many more that were edited.',
    integer(1, 256),
    {
      default: 3,
    },
  ),
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
  shards: flag(
    'Of the 16 slots onto which groups are spread, how many a replica takes while others can take the rest; 16: one replica does everything. Every replica must be given the same.',
    integer(1, 16),
    { default: 16, albc: false },
  ),
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
  'enable-pod-readiness-gate-inject': flag(
    `Serve the webhook that adds readiness gates to new pods of namespaces labelled ${injectLabel.key}=${injectLabel.value}.`,
    bool,
    { default: false },
  ),
  'enable-targetgroupbinding-defaults': flag(
    'Serve the webhook that completes new TargetGroupBindings; without it the controller does so afterwards.',
    bool,
    { default: false, albc: false },
  ),
  'webhook-name': flag(
    "Name of the webhooks' Service and Secret, in the pod's own namespace, and of their MutatingWebhookConfiguration.",
    name,
    { default: 'albatross-webhook', albc: false },
  ),
  'webhook-url': flag(
    'Where the API server reaches the webhooks, in place of the Service: for a controller outside of the cluster.',
    httpsUrl,
    { default: '', albc: false },
  ),
  'webhook-bind-port': flag('Port on which the webhooks are served.', integer(1, 65_535), { default: 9443 }),
  'webhook-bind-host': flag('Address on which the webhooks are served; all of them if empty.', address, {
    default: '',
    albc: false,
  }),
  'webhook-cert-dir': flag(
    "Folder with the webhooks' certificate and key, read again when they change; empty: our own, in the Secret.",
    text,
    { default: '' },
  ),
  'webhook-cert-file': flag('Name of the certificate in that folder.', text, { default: 'tls.crt' }),
  'webhook-key-file': flag('Name of the key in that folder.', text, { default: 'tls.key' }),
  'kube-ca-pem-filepath': flag(
    'File with the certificate authorities of whom the webhooks answer; anybody if empty.',
    text,
    { default: '' },
  ),
  'disable-ingress-class-annotation': flag(
    'Ingresses may not newly use kubernetes.io/ingress.class: needs the policy of that name (see docs/admission.md), and tells where it is missing.',
    bool,
    { default: false },
  ),
  'disable-ingress-group-name-annotation': flag(
    'Ingresses may not newly name a group by annotation: needs the policy of that name (see docs/admission.md), and tells where it is missing.',
    bool,
    { default: false },
  ),
  'log-level': flag('Least severe level that is logged.', oneOf('debug', 'info', 'warn', 'error'), {
    default: 'info',
  }),
  'log-format': flag('How lines are logged: json, or text for people.', oneOf('json', 'text'), {
    default: 'json',
    albc: false,
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
  'replacement-grace': flag(
    'How long a load balancer stays after another took its place: resolvers may remember its address for so long.',
    duration,
    { default: 15 * 60_000, albc: false },
  ),
  'replacement-patience': flag(
    'How long a load balancer that shall take the place of another waits for healthy targets, from its creation.',
    duration,
    { default: 10 * 60_000, albc: false },
  ),
  'ingress-semantics': flag(
    'What a path, a host and a default backend mean: as ALBC takes them, or exactly as the Kubernetes API says. The annotation `albatross.dev/ingress-semantics` of an IngressClass says it for that class.',
    oneOf(...semantics),
    { default: 'albc', albc: false },
  ),
  'when-exposed': flag(
    'What is answered of an Ingress that is held by a mistake while its edit would let fewer in (log in, source addresses, client certificates, inbound-cidrs): what AWS serves, or 503 until it is mended. The annotation `albatross.dev/when-exposed` of an IngressClass says it for that class.',
    oneOf(...whenExposed),
    { default: 'serve', albc: false },
  ),
  ...startFlags,
  mode: flag('observe plans and reports, and writes nothing to AWS.', oneOf('reconcile', 'observe'), {
    default: 'reconcile',
    albc: false,
  }),
} as const

export type FlagName = keyof typeof flags
export type FlagValues = { readonly [K in FlagName]: (typeof flags)[K] extends Flag<infer T> ? T : never }
