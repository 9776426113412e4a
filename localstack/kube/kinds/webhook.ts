/** Webhook configurations: defaults and checks. What needs CEL is refused, since it would be passed over. */
import { X509Certificate } from 'node:crypto'
import { at, fields, items, type KubeObject, text } from '../object.ts'
import type { KindRules } from '../resource.ts'
import { type Cause, forbiddenField, invalidValue, required } from '../status.ts'

function defaults(object: KubeObject): void {
  for (const webhook of items(object.webhooks).map(fields)) {
    webhook.failurePolicy ??= 'Fail'
    webhook.matchPolicy ??= 'Equivalent'
    webhook.namespaceSelector ??= {}
    webhook.objectSelector ??= {}
    webhook.timeoutSeconds ??= 10
    if (object.kind === 'MutatingWebhookConfiguration') webhook.reinvocationPolicy ??= 'Never'
    for (const rule of items(webhook.rules).map(fields)) rule.scope ??= '*'
    const service = at(webhook.clientConfig, 'service')
    if (service !== undefined) fields(service).port ??= 443
  }
}

function check(webhook: Record<string, unknown>, field: string): Cause[] {
  const config = fields(webhook.clientConfig)
  const url = config.url === undefined ? undefined : URL.parse(text(config.url))
  return [
    ...(text(webhook.name).split('.').length < 3
      ? [
          invalidValue(
            `${field}.name`,
            webhook.name,
            'should be a domain with at least three segments separated by dots',
          ),
        ]
      : []),
    ...(items(webhook.admissionReviewVersions).length === 0
      ? [required(`${field}.admissionReviewVersions`, 'must specify one of v1, v1beta1')]
      : []),
    ...(webhook.sideEffects === undefined
      ? [required(`${field}.sideEffects`, 'must specify one of None, NoneOnDryRun')]
      : []),
    ...((config.url === undefined) === (config.service === undefined)
      ? [required(`${field}.clientConfig`, 'exactly one of url or service is required')]
      : []),
    ...(url === undefined || url?.protocol === 'https:'
      ? []
      : [invalidValue(`${field}.clientConfig.url`, config.url, "'https' is the only allowed URL scheme")]),
    ...(config.caBundle === undefined || isPem(text(config.caBundle))
      ? []
      : [
          invalidValue(
            `${field}.clientConfig.caBundle`,
            config.caBundle,
            'unable to load root certificates: unable to parse bytes as PEM block',
          ),
        ]),
    ...(items(webhook.matchConditions).length > 0
      ? [forbiddenField(`${field}.matchConditions`, 'CEL is not evaluated by this server')]
      : []),
  ]
}

function isPem(base64: string): boolean {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).subject !== null
  } catch {
    return false
  }
}

export const webhookRules: KindRules = {
  defaults,
  validate: (object) =>
    items(object.webhooks).flatMap((webhook, index) => check(fields(webhook), `webhooks[${index}]`)),
}
