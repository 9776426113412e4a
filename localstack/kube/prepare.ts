/** What every write goes through before it is stored: reading the body, unknown fields, names, types, defaults, checks. */
import { parse } from 'yaml'
import type { Admit } from './admission/admit.ts'
import { copy, type Fields, fields, isFields, items, type KubeObject, text } from './object.ts'
import type { Writer } from './patch/managers.ts'
import { fromProtobuf, isProtobuf } from './protobuf.ts'
import { apiVersionOf, type Resource } from './resource.ts'
import { prune } from './schema/prune.ts'
import { wrongType } from './schema/validate.ts'
import { badRequest, type Cause, invalid, invalidValue } from './status.ts'
import type { Store } from './store.ts'

export type Write = {
  readonly store: Store
  readonly resource: Resource
  readonly namespace: string | undefined
  readonly subresource: string
  readonly writer: Writer
  readonly dryRun: boolean
  /** `Strict`, `Warn` or `Ignore`. */
  readonly validation: string
  /** Filled with what the client should be told. */
  readonly warnings: string[]
  /** What webhooks make of the object; absent where there are none. */
  readonly admit: Admit | undefined
}

export function readBody(body: string | Uint8Array): unknown {
  if (typeof body !== 'string' && isProtobuf(body)) return fromProtobuf(body)
  const source = typeof body === 'string' ? body : Buffer.from(body).toString('utf8')
  if (source.trim() === '') return undefined
  try {
    return JSON.parse(source)
  } catch {
    try {
      return parse(source)
    } catch (error) {
      throw badRequest(`error decoding: ${error instanceof Error ? error.message : 'unreadable'}`)
    }
  }
}

export function asObject(resource: Resource, body: unknown): KubeObject {
  if (!isFields(body)) throw badRequest("couldn't get version/kind; json parse error")
  const apiVersion = apiVersionOf(resource)
  if (body.apiVersion !== undefined && body.apiVersion !== apiVersion)
    throw badRequest(
      `the API version in the data (${text(body.apiVersion)}) does not match the expected API version (${apiVersion})`,
    )
  if (body.kind !== undefined && body.kind !== resource.kind)
    throw badRequest(
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: no kind "${text(body.kind)}" is registered`,
    )
  const metadata = fields(body.metadata) as KubeObject['metadata']
  return { ...body, apiVersion, kind: resource.kind, metadata: { ...metadata } }
}

function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropNulls)
  if (!isFields(value)) return value
  const out: Fields = {}
  for (const [key, member] of Object.entries(value)) if (member !== null) out[key] = dropNulls(member)
  return out
}

/** Without fields that the kind doesn't have; says so, or refuses, as the request asked for. */
export function cleaned(write: Write, given: KubeObject): KubeObject {
  const { resource } = write
  const unknown: string[] = []
  // In Go's types a null is the zero value; in custom resources it may be a value.
  const plain = resource.custom
    ? { ...given, metadata: dropNulls(given.metadata) as KubeObject['metadata'] }
    : (dropNulls(given) as KubeObject)
  const out = prune(copy(plain), resource.schema, '', unknown) as KubeObject
  const messages = unknown.map((path) => `unknown field "${path}"`)
  if (messages.length > 0 && write.validation === 'Strict')
    throw badRequest(
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: strict decoding error: ${messages.join(', ')}`,
    )
  if (write.validation !== 'Ignore') write.warnings.push(...messages)
  const wrong = resource.custom ? undefined : wrongType(out, resource.schema, resource.kind)
  if (wrong !== undefined)
    throw badRequest(
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: json: cannot unmarshal ${wrong}`,
    )
  return out
}

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const pathSegment = /^(?!\.{1,2}$)[^/%]+$/
const qualifiedName = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/

function metadataCauses(resource: Resource, object: KubeObject): Cause[] {
  const out: Cause[] = []
  const { name, labels, annotations, finalizers } = object.metadata
  const rule = resource.group === 'rbac.authorization.k8s.io' ? pathSegment : subdomain
  if (!rule.test(name) || name.length > 253)
    out.push(
      invalidValue(
        'metadata.name',
        name,
        `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
      ),
    )
  const nameRule =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
  for (const [key, value] of Object.entries(labels ?? {})) {
    if (!qualifiedName.test(key)) out.push(invalidValue('metadata.labels', key, nameRule))
    if (!labelValue.test(value))
      out.push(
        invalidValue(
          'metadata.labels',
          value,
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ),
      )
  }
  for (const key of Object.keys(annotations ?? {}))
    if (!qualifiedName.test(key.toLowerCase())) out.push(invalidValue('metadata.annotations', key, nameRule))
  items(finalizers).forEach((one, index) => {
    if (!qualifiedName.test(text(one))) out.push(invalidValue(`metadata.finalizers[${index}]`, one, nameRule))
  })
  return out
}

/** Defaults, then every check; refuses with 422 and all causes. */
export function settled(write: Write, object: KubeObject, old?: KubeObject): void {
  const { kindRules } = write.resource
  kindRules.defaults?.(object, write.store, old)
  const causes = [
    ...metadataCauses(write.resource, object),
    ...(kindRules.validate?.(object, write.store, old) ?? []),
  ]
  if (causes.length > 0) throw invalid(write.resource, object.metadata.name, causes)
}
