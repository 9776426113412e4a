// Writes the field types of the built-in kinds that the local API server serves, from `api/openapi-spec/v3` of k8s.io/kubernetes
// and the field numbers of its protobuf from `generated.proto` of k8s.io/api and k8s.io/apimachinery:
// node scripts/run.cjs scripts/kube-types.ts <folder of kubernetes> <folder of api> <folder of apimachinery> > localstack/kube/schema/types.txt
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Definition = {
  readonly type?: string
  readonly format?: string
  readonly properties?: Readonly<Record<string, Definition>>
  readonly required?: readonly string[]
  readonly items?: Definition
  readonly additionalProperties?: Definition
  readonly allOf?: readonly Definition[]
  readonly oneOf?: readonly Definition[]
  readonly $ref?: string
  readonly default?: unknown
  readonly [extension: `x-kubernetes-${string}`]: unknown
}

const groups = [
  'api__v1',
  'apis__apps__v1',
  'apis__autoscaling__v1',
  'apis__networking.k8s.io__v1',
  'apis__discovery.k8s.io__v1',
  'apis__coordination.k8s.io__v1',
  'apis__events.k8s.io__v1',
  'apis__apiextensions.k8s.io__v1',
  'apis__authorization.k8s.io__v1',
  'apis__authentication.k8s.io__v1',
  'apis__admissionregistration.k8s.io__v1',
  'apis__rbac.authorization.k8s.io__v1',
]
const roots =
  `Namespace Node Pod Service Secret ConfigMap Endpoints Event ServiceAccount Deployment ReplicaSet Ingress IngressClass
EndpointSlice Lease CustomResourceDefinition SelfSubjectAccessReview SelfSubjectReview Scale ValidatingWebhookConfiguration
MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding Role RoleBinding ClusterRole
ClusterRoleBinding Status DeleteOptions`.split(/\s+/)

const folder = join(process.argv[2] ?? '.', 'api/openapi-spec/v3')
const all: Record<string, Definition> = {}
for (const file of readdirSync(folder).sort()) {
  if (!groups.some((group) => file === `${group}_openapi.json`)) continue
  const document: { components: { schemas: Record<string, Definition> } } = JSON.parse(
    readFileSync(join(folder, file), 'utf8'),
  )
  Object.assign(all, document.components.schemas)
}

const nameOf = (ref: string): string => ref.replace('#/components/schemas/', '')
const short = (name: string): string => name.replace(/^io\.k8s\./, '')
const wanted = new Set<string>()

function want(name: string): void {
  if (wanted.has(name)) return
  wanted.add(name)
  JSON.stringify(all[name], (key, value: unknown) => {
    if (key === '$ref' && typeof value === 'string' && value.startsWith('#/')) want(nameOf(value))
    return value
  })
}

function typeOf(field: Definition): string {
  const ref = field.$ref ?? field.allOf?.[0]?.$ref
  if (ref !== undefined) return short(nameOf(ref))
  if (field.format === 'int-or-string') return 'intOrString'
  if (field.oneOf !== undefined) return 'any'
  if (field.type === 'array') return `[${typeOf(field.items ?? {})}]`
  if (field.type === 'object')
    return field.additionalProperties ? `{${typeOf(field.additionalProperties)}}` : 'object'
  return field.format === 'byte' ? 'bytes' : (field.type ?? 'any')
}

function extras(field: Definition): string {
  const out: string[] = []
  const list = field['x-kubernetes-list-type']
  const keys = field['x-kubernetes-list-map-keys']
  if (typeof list === 'string') out.push(`list=${list}${Array.isArray(keys) ? `:${keys.join(',')}` : ''}`)
  const map = field['x-kubernetes-map-type']
  if (typeof map === 'string') out.push(`map=${map}`)
  const mergeKey = field['x-kubernetes-patch-merge-key']
  if (typeof mergeKey === 'string') out.push(`key=${mergeKey}`)
  const strategy = field['x-kubernetes-patch-strategy']
  if (typeof strategy === 'string') out.push(`patch=${strategy}`)
  if (field.format !== undefined && field.format !== 'int-or-string' && field.format !== 'byte')
    out.push(`format=${field.format}`)
  if (field.default !== undefined && typeof field.default !== 'object')
    out.push(`default=${JSON.stringify(field.default)}`)
  return out.map((extra) => ` ${extra}`).join('')
}

type Message = ReadonlyMap<string, { readonly number: string; readonly type: string }>
const messages = new Map<string, Message>()

/** `package k8s.io.api.core.v1; message ServiceSpec {` is the definition `api.core.v1.ServiceSpec`. */
function readProto(source: string): void {
  const own = /^package k8s\.io\.(.*);$/m.exec(source)?.[1] ?? ''
  for (const [, name, body = ''] of source.matchAll(/^message (\w+) \{\n([\s\S]*?)^\}/gm)) {
    const fields = [...body.matchAll(/^\s+(?:optional|repeated|map)\s*(.*?)\s+(\w+) = (\d+);$/gm)].map(
      ([, type = '', field = '', number = '']) =>
        [
          field.toLowerCase(),
          { number, type: type.startsWith('.k8s.io.') ? type.slice(8) : `${own}.${type}` },
        ] as const,
    )
    messages.set(`${own}.${name}`, new Map(fields))
  }
}
for (const root of process.argv.slice(3))
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' }))
    if (file.endsWith('generated.proto')) readProto(readFileSync(join(root, file), 'utf8'))

/** Where protobuf carries a field: its number, or numbers where Go embeds the struct that has it. */
function numberOf(message: string, field: string, known: ReadonlySet<string>): string | undefined {
  const own = messages.get(message)
  // Go's `APIGroup` is `aPIGroup` there.
  const direct = own?.get(field.toLowerCase())
  if (direct !== undefined) return direct.number
  for (const [name, { number, type }] of own ?? []) {
    if (known.has(name)) continue
    const inner = messages.get(type)?.get(field.toLowerCase())
    if (inner !== undefined) return `${number}.${inner.number}`
  }
  return undefined
}

for (const name of Object.keys(all)) if (roots.includes(name.split('.').at(-1) ?? '')) want(name)
for (const name of [...wanted].sort()) {
  const definition = all[name]
  if (definition === undefined) continue
  const self = definition.properties === undefined ? ` = ${typeOf(definition)}` : ''
  process.stdout.write(`${short(name)}${self}${extras(definition)}\n`)
  for (const [field, shape] of Object.entries(definition.properties ?? {})) {
    const required = definition.required?.includes(field) ? '!' : ''
    const number = numberOf(
      short(name),
      field,
      new Set(Object.keys(definition.properties ?? {}).map((key) => key.toLowerCase())),
    )
    const wire = number === undefined ? '' : ` proto=${number}`
    process.stdout.write(`  ${field}${required} ${typeOf(shape)}${extras(shape)}${wire}\n`)
  }
}
