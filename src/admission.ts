/** Puts the admission webhooks together, and looks whether the policies that flags ask for are in force. Loaded only where a flag wants it. */
import type { AwsSettings } from './aws/client.ts'
import type { Config } from './config.ts'
import { createKube, type Kube } from './kube/client.ts'
import { validatingAdmissionPolicyBindings } from './kube/resource.ts'
import { metric } from './reconcile/metric.ts'
import type { StartOptions } from './start.ts'
import { version } from './version.ts'
import type { Informers } from './watch/informers.ts'
import { reviewBinding } from './webhook/binding-default.ts'
import type { Address } from './webhook/configuration.ts'
import { fileSource } from './webhook/file-source.ts'
import { createFinder } from './webhook/find-target-group.ts'
import { reviewPod } from './webhook/gate.ts'
import { usualTimes } from './webhook/material.ts'
import { secretSource, type Source } from './webhook/secret-source.ts'
import { startWebhooks, type Webhooks, type WebhookState } from './webhook/webhooks.ts'

const secretPollMs = 60_000
/** The kubelet swaps mounted files without a word: looked at often, since it costs nothing. */
const filePollMs = 10_000

export type Admission = Pick<Webhooks, 'begun' | 'stop'> & {
  /** In Prometheus' text format. */
  metrics(): string
}

/** Call it once the informers are complete: a gate that is not found would not be added. */
export function startAdmission(
  { config, kube: handle, namespace = 'default', aws, log }: StartOptions,
  { stores }: Informers,
): Admission {
  const { flags } = config
  const kube = createKube(handle, { fieldManager: flags['webhook-name'], timeoutMs: 10_000 })
  const finder = flags['enable-targetgroupbinding-defaults']
    ? createFinder(awsSettings(config, log, aws), config.settings.clusterName)
    : undefined
  const cluster = {
    services: (of: string) => stores.services.by('namespace', of),
    bindings: (service: string) => stores.targetGroupBindings.by('service', service),
  }
  const webhooks = startWebhooks({
    kube,
    ...sourceOf(config, kube, namespace),
    reviewers: {
      ...(flags['enable-pod-readiness-gate-inject'] && { pods: (asked) => reviewPod(asked, cluster) }),
      ...(finder && { bindings: (asked, signal) => reviewBinding(asked, finder.find, signal) }),
    },
    name: flags['webhook-name'],
    address: addressOf(config, namespace),
    host: flags['webhook-bind-host'] || undefined,
    port: flags['webhook-bind-port'],
    clientAuthorities: flags['kube-ca-pem-filepath'] || undefined,
    log,
  })
  return {
    begun: webhooks.begun,
    metrics: () => metricsOf(webhooks.state()),
    stop: async () => {
      await webhooks.stop()
      finder?.close()
    },
  }
}

const metricsOf = ({ reviews, untilMs }: WebhookState): string =>
  [
    ...metric(
      'webhook_reviews_total',
      Object.entries(reviews).flatMap(([webhook, counts]) =>
        Object.entries(counts).map(([result, count]) => `{webhook="${webhook}",result="${result}"} ${count}`),
      ),
    ),
    ...metric('webhook_certificate_expires_seconds', [` ${Math.round((untilMs ?? 0) / 1000)}`]),
    '',
  ].join('\n')

const awsSettings = (
  { settings }: Config,
  log: StartOptions['log'],
  aws: StartOptions['aws'],
): AwsSettings => ({ region: settings.region, log, version, ...aws })

const addressOf = ({ flags }: Config, namespace: string): Address =>
  flags['webhook-url'] === ''
    ? { service: { namespace, name: flags['webhook-name'] } }
    : { url: flags['webhook-url'] }

function sourceOf(
  { flags }: Config,
  kube: Kube,
  namespace: string,
): { readonly source: Source; readonly pollMs: number } {
  const { 'webhook-cert-dir': directory, 'webhook-name': name, 'webhook-url': url } = flags
  if (directory !== '') {
    const files = { certificate: flags['webhook-cert-file'], key: flags['webhook-key-file'] }
    return { source: fileSource({ directory, ...files }), pollMs: filePollMs }
  }
  const host = URL.parse(url)?.hostname.replace(/^\[|\]$/g, '')
  const names = [`${name}.${namespace}.svc`, ...(host === undefined ? [] : [host])] as const
  return { source: secretSource({ kube, namespace, name, names, times: usualTimes }), pollMs: secretPollMs }
}

const forbidding = ['disable-ingress-class-annotation', 'disable-ingress-group-name-annotation'] as const

/** It is the API server that refuses, by a policy: a flag that nothing enforces must not look as if it were. */
export async function tellUnenforced({ config: { flags }, kube: handle, log }: StartOptions): Promise<void> {
  const kube = createKube(handle)
  for (const flag of forbidding.filter((one) => flags[one])) {
    const name = `albatross-${flag}`
    const found = await kube.get(validatingAdmissionPolicyBindings, { name })
    if (found.ok && found.value.spec?.validationActions?.includes('Deny')) continue
    const why = found.ok ? 'does not deny' : found.error.status === 404 ? 'is missing' : found.error.message
    log.warn(
      { flag },
      `nothing enforces --${flag}: ValidatingAdmissionPolicyBinding ${name} ${why}; apply policy/${flag}.yaml`,
    )
  }
}
