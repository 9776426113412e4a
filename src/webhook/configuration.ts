/** The MutatingWebhookConfiguration: ours whole where nobody else made one; in somebody else's only `caBundle`, by server-side apply. */
import type { Kube } from '../kube/client.ts'
import { describeError, isConflict, isNotFound } from '../kube/error.ts'
import { mutatingWebhookConfigurations, type WebhookConfiguration } from '../kube/resource.ts'
import { equal } from '../lib/json.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import { injectLabel } from '../model/readiness.ts'

export const paths = {
  pods: '/mutate-v1-pod',
  bindings: '/mutate-elbv2-k8s-aws-v1beta1-targetgroupbinding',
}
export type Kinds = keyof typeof paths

/** Where the API server finds us. */
export type Address =
  | { readonly url: string }
  | { readonly service: { readonly namespace: string; readonly name: string } }

const madeByUs = { 'app.kubernetes.io/managed-by': 'albatross' }
/** A Pod must not wait for long on what it can do without; a binding's target group is looked up in AWS. */
const timeouts: Readonly<Record<Kinds, number>> = { pods: 3, bindings: 5 }

const configOf = (kind: Kinds, address: Address, caBundle: string): object =>
  'url' in address
    ? { url: `${address.url}${paths[kind]}`, caBundle }
    : { service: { ...address.service, path: paths[kind], port: 443 }, caBundle }

const common = {
  failurePolicy: 'Ignore',
  matchPolicy: 'Equivalent',
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}
type Webhook = { readonly name: string; readonly [field: string]: unknown }
type Wanted = {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly webhooks: readonly Webhook[]
}

/** Names, selectors and rules are ALBC's, but that bindings are completed at creation alone. */
const webhooks: Readonly<Record<Kinds, Webhook>> = {
  pods: {
    name: 'mpod.elbv2.k8s.aws',
    ...common,
    namespaceSelector: {
      matchExpressions: [{ key: injectLabel.key, operator: 'In', values: [injectLabel.value] }],
    },
    objectSelector: {
      matchExpressions: [{ key: 'app.kubernetes.io/name', operator: 'NotIn', values: ['albatross'] }],
    },
    rules: [
      {
        apiGroups: [''],
        apiVersions: ['v1'],
        operations: ['CREATE'],
        resources: ['pods'],
        scope: 'Namespaced',
      },
    ],
  },
  bindings: {
    name: 'mtargetgroupbinding.elbv2.k8s.aws',
    ...common,
    rules: [
      {
        apiGroups: ['elbv2.k8s.aws'],
        apiVersions: ['v1beta1'],
        operations: ['CREATE'],
        resources: ['targetgroupbindings'],
        scope: 'Namespaced',
      },
    ],
  },
}

type Found = WebhookConfiguration | undefined

/** The whole object, as the controller makes it. */
const wholeOf = (
  { name, kinds, address }: PublishOptions,
  bundleOf: (webhook: string) => string,
): Wanted => ({
  metadata: { name, labels: madeByUs },
  webhooks: kinds.map((kind) => ({
    ...webhooks[kind],
    timeoutSeconds: timeouts[kind],
    clientConfig: configOf(kind, address, bundleOf(webhooks[kind].name)),
  })),
})

export type PublishOptions = {
  readonly kube: Pick<Kube, 'get' | 'apply'>
  readonly name: string
  readonly kinds: readonly Kinds[]
  readonly address: Address
}

/** Another replica may write at the same time. */
const tries = 3

/** Makes the API server trust these authorities (PEM); no write where it does. The error is a sentence. */
export async function publish(
  options: PublishOptions,
  authorities: readonly string[],
): Promise<Result<'written' | 'unchanged', string>> {
  const { kube, name } = options
  const where = `MutatingWebhookConfiguration ${name}`
  for (let left = tries; ; left -= 1) {
    const live = await kube.get(mutatingWebhookConfigurations, { name })
    if (!live.ok && !isNotFound(live.error))
      return fail(`${where} can't be read: ${describeError(live.error)}`)
    const found = live.ok ? live.value : undefined
    const wanted = wantedOf(options, found, (webhook) => bundleOf(found, webhook, authorities))
    if (wanted.webhooks.length === 0) return fail(`${where} has none of our webhooks`)
    if (found !== undefined && contains(found, wanted)) return ok('unchanged')
    const applied = await kube.apply(mutatingWebhookConfigurations, atVersion(wanted, found), { force: true })
    if (applied.ok) return ok('written')
    if (!isConflict(applied.error) || left === 1)
      return fail(`${where} can't be written: ${describeError(applied.error)}`)
  }
}

/** Of somebody else's, only whom to trust. */
function wantedOf(options: PublishOptions, found: Found, bundleFor: (webhook: string) => string): Wanted {
  const whole = wholeOf(options, bundleFor)
  if (found === undefined || contains(found.metadata.labels ?? {}, madeByUs)) return whole
  const ours = new Set(whole.webhooks.map(({ name }) => name))
  return {
    metadata: { name: found.metadata.name },
    webhooks: (found.webhooks ?? [])
      .filter(({ name }) => ours.has(name))
      .map(({ name }) => ({ name, clientConfig: { caBundle: bundleFor(name) } })),
  }
}

const atVersion = ({ metadata, ...rest }: Wanted, found: Found): Wanted => {
  const resourceVersion = found?.metadata.resourceVersion
  return { ...rest, metadata: { ...metadata, ...(resourceVersion && { resourceVersion }) } }
}

/** What is there, if it trusts all of these: another replica may know a newer authority. */
function bundleOf(found: Found, webhook: string, authorities: readonly string[]): string {
  const config = found?.webhooks?.find(({ name }) => name === webhook)?.['clientConfig']
  const { caBundle = '' } = (config ?? {}) as { readonly caBundle?: string }
  const trusted = Buffer.from(caBundle, 'base64').toString('utf8')
  return authorities.every((pem) => trusted.includes(pem.trim()))
    ? caBundle
    : Buffer.from(authorities.join('')).toString('base64')
}

/** Whether an object says all that another says; lists of named items by name. */
function contains(has: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(has)) return false
    const named = wanted.every((one) => typeof one === 'object' && one !== null && 'name' in one)
    if (!named) return equal(has, wanted)
    const items = has as { readonly name?: unknown }[]
    return (wanted as { readonly name: unknown }[]).every((one) =>
      contains(
        items.find(({ name }) => name === one.name),
        one,
      ),
    )
  }
  if (typeof wanted !== 'object' || wanted === null) return has === wanted
  if (typeof has !== 'object' || has === null) return false
  return Object.entries(wanted).every(([key, value]) =>
    contains((has as Record<string, unknown>)[key], value),
  )
}
