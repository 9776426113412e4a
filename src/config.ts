/** argv and environment -> one frozen Config, or every mistake at once. */
import { fail, ok, type Result } from './lib/result.ts'
import { type FeatureGate, type Settings, settings } from './model/settings.ts'
import { slotCount } from './watch/slots.ts'
import { type FlagName, type FlagValues, flags } from './flag.ts'
import type { Flag } from './flag-parser.ts'

export type Config = { readonly settings: Settings; readonly flags: FlagValues }

/** Tag keys that say what is ours: no flag may set or exclude them (`albc-model` 2). */
const trackingKeys = [
  'elbv2.k8s.aws/cluster',
  'elbv2.k8s.aws/resource',
  'ingress.k8s.aws/stack',
  'ingress.k8s.aws/resource',
  'service.k8s.aws/stack',
  'service.k8s.aws/resource',
]

/** Flags of ALBC that belong to what we don't serve or do otherwise (Services, Gateways, waits): accepted, so that its manifests start us. */
export const ignoredFlags: ReadonlySet<string> = new Set([
  'enable-service-mutator-webhook',
  'enable-endpoint-slices',
  'service-max-concurrent-reconciles',
  'load-balancer-class',
  'aws-max-retries',
  'aws-api-throttle',
  'lb-stabilization-monitor-interval',
])

export function readConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Result<Config, readonly string[]> {
  const mistakes: string[] = []
  const given = readArguments(argv, mistakes)
  const values = Object.fromEntries(
    Object.entries<Flag<unknown>>(flags).map(([name, flag]) => [
      name,
      readFlag(name, flag, given, env, mistakes),
    ]),
  ) as unknown as FlagValues
  const gates = readGates(values['feature-gates'] ?? {}, mistakes)
  if (mistakes.length === 0) mistakes.push(...contradictions(values))
  return mistakes.length > 0
    ? fail(mistakes)
    : ok(Object.freeze({ flags: values, settings: toSettings(values, gates) }))
}

function readArguments(argv: readonly string[], mistakes: string[]): ReadonlyMap<string, string> {
  const given = new Map<string, string>()
  for (let i = 0; i < argv.length; i += 1) {
    const argument = argv[i] ?? ''
    const found = /^--?([a-z][a-z0-9-]*)(?:=([\s\S]*))?$/.exec(argument)
    const name = found?.[1] ?? ''
    if (!(name in flags) && !ignoredFlags.has(name)) {
      mistakes.push(`${argument}: unknown flag${nearest(name)}`)
      continue
    }
    const next = argv[i + 1]
    if (found?.[2] !== undefined) given.set(name, found[2])
    else if (next !== undefined && !next.startsWith('-')) {
      given.set(name, next)
      i += 1
    } else given.set(name, '')
  }
  return given
}

const variablesOf = (name: string, flag: Flag<unknown>): readonly string[] => [
  `ALBATROSS_${name.toUpperCase().replaceAll('-', '_')}`,
  ...(flag.env ?? []),
]

/** The text given for a flag, by argument or environment. */
export function flagGiven(
  name: FlagName,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const found = readArguments(argv, []).get(name)
  if (found !== undefined) return found
  return variablesOf(name, flags[name])
    .map((variable) => env[variable])
    .find((text) => text !== undefined && text !== '')
}

function readFlag(
  name: string,
  flag: Flag<unknown>,
  given: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string | undefined>>,
  mistakes: string[],
): unknown {
  const variables = variablesOf(name, flag)
  const variable = variables.find((candidate) => env[candidate] !== undefined && env[candidate] !== '')
  const text = given.get(name) ?? (variable === undefined ? undefined : env[variable])
  const source = given.has(name) || variable === undefined ? `--${name}` : `environment variable ${variable}`
  if (text === undefined) {
    if (flag.default === undefined)
      mistakes.push(`--${name} is required: ${flag.doc} (or set ${variables.join(' or ')})`)
    return flag.default
  }
  const value = flag.parse(text)
  if (value.ok) return value.value
  mistakes.push(`${source}="${text}": ${value.error}`)
  return flag.default
}

function readGates(
  text: Readonly<Record<string, string>>,
  mistakes: string[],
): Partial<Record<FeatureGate, boolean>> {
  const known = settings({ clusterName: '', region: '', vpcId: '' }).featureGates
  const gates: Partial<Record<FeatureGate, boolean>> = {}
  for (const [name, value] of Object.entries(text)) {
    const gate = (Object.keys(known) as FeatureGate[]).find((candidate) => candidate === name)
    if (value !== 'true' && value !== 'false')
      mistakes.push(`--feature-gates: ${name}="${value}": allowed: true, false`)
    else if (gate !== undefined) gates[gate] = value === 'true'
    else if (!foreignGates.has(name))
      mistakes.push(`--feature-gates: unknown gate ${name}; known: ${Object.keys(known).join(', ')}`)
  }
  return gates
}

/** ALBC's gates that have no meaning here. */
const foreignGates = new Set([
  'ServiceTypeLoadBalancerOnly',
  'EnableServiceController',
  'EnableTCPUDPListener',
  'EnableRGTAPI',
  'NLBHealthCheckAdvancedConfig',
  'NLBSecurityGroup',
  'NLBGatewayAPI',
  'ALBGatewayAPI',
  'GatewayListenerSet',
  'GlobalAcceleratorController',
  'ALBTargetControlAgent',
  'IngressPlanAnnotation',
])

function contradictions(values: FlagValues): string[] {
  const mistakes: string[] = []
  const external = values['external-managed-tags']
  for (const key of [...Object.keys(values['default-tags']), ...external]) {
    if (trackingKeys.includes(key))
      mistakes.push(
        `tag ${key} is the controller's own: take it out of --default-tags and --external-managed-tags`,
      )
  }
  for (const key of Object.keys(values['default-tags'])) {
    if (external.includes(key))
      mistakes.push(`tag ${key} is in both --default-tags and --external-managed-tags: keep it in one`)
  }
  if (values['enable-manage-backend-security-group-rules'] && !values['enable-backend-security-group']) {
    mistakes.push('--enable-manage-backend-security-group-rules needs --enable-backend-security-group')
  }
  if (!values['enable-leader-election'] && values.shards < slotCount)
    mistakes.push(`--shards=${values.shards} needs --enable-leader-election: each shard is a Lease`)
  return values['enable-leader-election'] ? [...mistakes, ...electionMistakes(values)] : mistakes
}

/** AWS calls of a leader that can't renew must have ended before another may lead. */
function electionMistakes(values: FlagValues): string[] {
  const lease = values['leader-election-lease-duration']
  const renew = values['leader-election-renew-deadline']
  const retry = values['leader-election-retry-period']
  const mistakes: string[] = []
  if (lease < renew + 2_000)
    mistakes.push(
      '--leader-election-lease-duration must be at least 2s longer than --leader-election-renew-deadline: AWS calls end within that time',
    )
  if (retry < 100) mistakes.push('--leader-election-retry-period must be at least 100ms')
  // client-go's jitter.
  if (renew <= 1.2 * retry)
    mistakes.push(
      '--leader-election-renew-deadline must be longer than 1.2 times --leader-election-retry-period',
    )
  return mistakes
}

function nearest(name: string): string {
  const candidate = (Object.keys(flags) as FlagName[]).find(
    (known) => known.startsWith(name.slice(0, 6)) && name.length >= 4,
  )
  return candidate === undefined ? '' : `; did you mean --${candidate}?`
}

function toSettings(values: FlagValues, gates: Partial<Record<FeatureGate, boolean>>): Settings {
  const backend = values['backend-security-group']
  const base = settings({
    clusterName: values['cluster-name'],
    region: values['aws-region'],
    vpcId: values['aws-vpc-id'],
  })
  return {
    ...base,
    ingressClass: values['ingress-class'],
    defaultTags: values['default-tags'],
    externalManagedTags: values['external-managed-tags'],
    defaultTargetType: values['default-target-type'],
    defaultLoadBalancerScheme: values['default-load-balancer-scheme'],
    defaultSslPolicy: values['default-ssl-policy'],
    enableBackendSecurityGroup: values['enable-backend-security-group'],
    ...(backend === '' ? {} : { backendSecurityGroup: backend }),
    enableManageBackendSecurityGroupRules: values['enable-manage-backend-security-group-rules'],
    disableRestrictedSecurityGroupRules: values['disable-restricted-sg-rules'],
    exactBackendPorts: values['exact-backend-ports'],
    tolerateNonExistentBackendService: values['tolerate-non-existent-backend-service'],
    tolerateNonExistentBackendAction: values['tolerate-non-existent-backend-action'],
    allowedCertificateAuthorityArns: values['allowed-certificate-authority-arns'],
    ...(values['default-pca-arn'] === '' ? {} : { defaultPcaArn: values['default-pca-arn'] }),
    enableWafv2: values['enable-wafv2'],
    enableWaf: values['enable-waf'],
    enableShield: values['enable-shield'],
    maxTargetsPerTargetGroup: values['max-targets-per-target-group'],
    deregistrationPropagationMs: values['deregistration-propagation'],
    longestRequestMs: values['longest-request'],
    serviceTargetEniSecurityGroupTags: values['service-target-eni-security-group-tags'],
    ...requiredLabel(values['required-secrets-label']),
    groupFailure: values['group-failure'],
    replacement: { graceMs: values['replacement-grace'], patienceMs: values['replacement-patience'] },
    ingressSemantics: values['ingress-semantics'],
    whenExposed: values['when-exposed'],
    featureGates: { ...base.featureGates, ...gates },
  }
}

function requiredLabel(text: string): Pick<Settings, 'requiredSecretsLabel'> {
  const at = text.indexOf('=')
  return at < 0 ? {} : { requiredSecretsLabel: { key: text.slice(0, at), value: text.slice(at + 1) } }
}
