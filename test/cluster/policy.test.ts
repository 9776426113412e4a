/** The admission policies on a real API server: each rule with values that it lets pass and values that it names, by the controller's own parsers. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { type AnyDeclaration, keyOf, type Place } from '../../src/annotation/define.ts'
import type { Form } from '../../src/annotation/form.ts'
import { declarations } from '../../src/annotation/table.ts'
import { eventually } from '../world.ts'
import { binaries } from './binaries.ts'
import { type Answer, type Client, clientOf } from './client.ts'
import { type Cluster, startCluster } from './cluster.ts'

const root = resolve(import.meta.dirname, '../..')
let cluster: Cluster
let kube: Client
before(async () => {
  cluster = await startCluster(binaries())
  kube = clientOf(cluster.kubeconfig)
  await apply('crds/elbv2.k8s.aws_ingressclassparams.yaml')
  await apply('policy/annotations.yaml')
  // A policy comes into force a moment after it was written.
  for (const place of ['Ingress', 'Service'] as const)
    await eventually(async () => assert.notDeepEqual(await told(place, { nonsense: 'x' }), []), 30_000)
})
after(async () => {
  kube?.close()
  await cluster?.stop()
})

const collections: Readonly<Record<string, string>> = {
  ValidatingAdmissionPolicy: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
  ValidatingAdmissionPolicyBinding: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings',
  CustomResourceDefinition: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
}
async function apply(file: string): Promise<void> {
  for (const document of parseAllDocuments(readFileSync(join(root, file), 'utf8'))) {
    const object = document.toJSON() as { kind: string; metadata: { name: string } }
    const path = `${collections[object.kind]}/${object.metadata.name}?fieldManager=test&force=true`
    const answer = await kube.call('PATCH', path, object, 'application/apply-patch+yaml')
    assert.ok(answer.status < 300, JSON.stringify(answer.body))
  }
}

const places = {
  Ingress: {
    path: '/apis/networking.k8s.io/v1/namespaces/default/ingresses',
    spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
  },
  Service: { path: '/api/v1/namespaces/default/services', spec: { ports: [{ port: 80 }] } },
} as const
const objectOf = (place: Place, annotations: object, name = 'tried') => ({
  metadata: { name, annotations },
  spec: places[place].spec,
})
const prefixed = (annotations: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [`alb.ingress.kubernetes.io/${key}`, value]),
  )

/** What the policies say of these annotations (without prefix). */
async function told(place: Place, annotations: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const path = `${places[place].path}?dryRun=All`
  return ours(await kube.call('POST', path, objectOf(place, prefixed(annotations))))
}
function ours(answer: Answer): readonly string[] {
  assert.equal(answer.status < 300, true, JSON.stringify(answer.body))
  return answer.warnings
    .filter((one) => one.includes('Validation failed for ValidatingAdmissionPolicy'))
    .map((one) => one.replace(/^.*with binding '[^']*': /, ''))
}

const long = '9'.repeat(40)
const values: Readonly<Record<Form['is'], readonly string[]>> = {
  bool: ['true', 'false', 'T', '0', 'True', 'yes', 'TrUe', '', ' true', 'true\n', 'on'],
  integer: [
    '0',
    '10',
    '-5',
    '+7',
    '007',
    '-1000',
    '1001',
    '1e3',
    '1.5',
    '',
    ' 1',
    '12 ',
    'ten',
    long,
    '2147483648',
  ],
  'one-of': ['', 'nonsense', ' ip', 'IP', 'internal ', 'none'],
  pattern: ['a', 'a.b-c', 'A', '-a', 'a-', '', 'a'.repeat(63), 'a'.repeat(64), 'ä'],
  map: ['', 'a=b', 'a=b,c=d', ' a = b ', 'a=', 'a=b=c', 'a\\,b=c', 'a', '=b', ' ', ',', ',a=b', 'a b', '\n'],
  json: ['[]', '{}', 'null', ' [\n] ', ' {\n}\t', '', 'true', '"x"', '[', '{', 'nonsense', '1', '[]x'],
}

/** As the controller sees it; group name and order are judged by the model, from the same form. */
function accepted({ parser: { form, parse } }: AnyDeclaration, value: string, key: string): boolean {
  if (form?.is === 'pattern') return form.pattern.test(value) && value.length <= form.longest
  const parsed = parse(value, key)
  if (!parsed.ok || form?.is !== 'integer' || form.min === undefined) return parsed.ok
  return Number(parsed.value) >= form.min && Number(parsed.value) <= (form.max ?? 0)
}

const formed = declarations.filter(({ parser }) => parser.form !== undefined)
for (const declaration of formed)
  for (const place of declaration.on)
    test(`${declaration.name} on ${place}: what the parser takes passes, what it refuses is named`, async () => {
      const form = declaration.parser.form as Form
      const name = declaration.family ? `${declaration.name}web` : declaration.name
      const key = `alb.ingress.kubernetes.io/${name}`
      const listed = form.is === 'one-of' ? form.values : []
      let [passed, refused] = [0, 0]
      for (const value of new Set([declaration.example, ...listed, ...values[form.is]])) {
        const says = await told(place, { [name]: value })
        const good = accepted(declaration, value, key)
        assert.ok(!good || says.length === 0, `${JSON.stringify(value)} is good: ${says.join()}`)
        // CEL reads no JSON, nor all of a map: it may let pass what the parser refuses, never the other way round.
        const must = form.is !== 'json' && form.is !== 'map'
        if (must) assert.equal(says.length, good ? 0 : 1, `${JSON.stringify(value)}: ${says.join()}`)
        if (says.length > 0) assert.ok(says[0]?.startsWith(`${keyOf(declaration)}`), says[0])
        if (good) passed += 1
        if (says.length > 0) refused += 1
      }
      assert.ok(passed > 0 && refused > 0, `${passed} passed, ${refused} refused`)
    })

test('every declared example passes, all of an object together', async () => {
  for (const place of ['Ingress', 'Service'] as const) {
    const examples = declarations
      .filter(({ on }) => on.includes(place))
      .map(({ name, family, example }) => [family ? `${name}web` : name, example])
    assert.deepEqual(await told(place, Object.fromEntries(examples)), [])
  }
})

test('a name that nothing reads there is told, with all of its kind in one line', async () => {
  const [says = '', ...more] = await told('Ingress', { shceme: 'x', 'action.web': '{}', scheme: 'internal' })
  assert.deepEqual(more, [])
  // CEL goes through a map in no order.
  assert.deepEqual(says.replace('not read on an Ingress: ', '').split(', ').sort(), [
    'alb.ingress.kubernetes.io/action.web',
    'alb.ingress.kubernetes.io/shceme',
  ])
  assert.deepEqual(await told('Service', { scheme: 'internal', 'target-type': 'ip' }), [
    'not read on a Service: alb.ingress.kubernetes.io/scheme',
  ])
  const foreign = { 'nginx.ingress.kubernetes.io/x': 'y', 'example.com/alb.ingress.kubernetes.io': 'z' }
  const other = await kube.call('POST', `${places.Ingress.path}?dryRun=All`, objectOf('Ingress', foreign))
  assert.deepEqual(ours(other), [])
})

test('as much as an object can hold is still judged', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 1500 }, (_, at) => [`actions.action-${at}`, `{"type":"${'x'.repeat(60)}"}`]),
  )
  const one = { 'conditions.web': `[${' '.repeat(200_000)}]` }
  assert.deepEqual(await told('Ingress', { ...one, scheme: 'outside' }), [
    'alb.ingress.kubernetes.io/scheme: allowed: `internal` or `internet-facing`',
  ])
  assert.equal((await told('Ingress', { ...many, scheme: 'outside' })).length, 1)
})

test('the policies type-check', async () => {
  await apply('policy/ingressclassparams.yaml')
  for (const flag of flags) await apply(`policy/${flag}.yaml`)
  await eventually(async () => {
    const { body } = await kube.call('GET', collections['ValidatingAdmissionPolicy'] ?? '')
    type Policy = {
      metadata: { name: string; generation: number }
      status?: { observedGeneration?: number; typeChecking?: { expressionWarnings?: unknown[] } }
    }
    const policies = (body as { items: Policy[] }).items
    assert.equal(policies.length, 5)
    for (const { metadata, status } of policies) {
      assert.equal(status?.observedGeneration, metadata.generation, metadata.name)
      assert.deepEqual(status?.typeChecking?.expressionWarnings ?? [], [], metadata.name)
    }
  }, 30_000)
  for (const flag of flags)
    await kube.call('DELETE', `${collections['ValidatingAdmissionPolicyBinding']}/albatross-${flag}`)
})

const bad = prefixed({ scheme: 'outside', tpyo: 'x' })
const at = (name: string): string => `${places.Ingress.path}/${name}`
const annotate = (name: string, annotations: object): Promise<Answer> =>
  kube.call('PATCH', at(name), { metadata: { annotations } }, 'application/merge-patch+json')

test('denying on request: new mistakes are refused, and what has one already can still be written', async () => {
  assert.equal((await kube.call('POST', places.Ingress.path, objectOf('Ingress', bad, 'old'))).status, 201)
  const binding = `${collections['ValidatingAdmissionPolicyBinding']}/albatross-ingress-annotations`
  await kube.call('PATCH', binding, { spec: { validationActions: ['Deny'] } }, 'application/merge-patch+json')
  const dry = `${places.Ingress.path}?dryRun=All`
  const refused = await eventually(async () => {
    const answer = await kube.call('POST', dry, objectOf('Ingress', bad))
    assert.equal(answer.status, 422)
    return answer
  }, 30_000)
  assert.match((refused.body as { message: string }).message, /tpyo/)
  assert.equal(
    (await kube.call('POST', dry, objectOf('Ingress', prefixed({ scheme: 'internal' })))).status,
    201,
  )
  // The controller's finalizer, a label, another annotation: nothing of them makes the mistake new.
  const finalizers = ['ingress.k8s.aws/resources']
  const merge = 'application/merge-patch+json'
  assert.equal(
    (await kube.call('PATCH', at('old'), { metadata: { finalizers, labels: { a: 'b' } } }, merge)).status,
    200,
  )
  assert.equal((await annotate('old', prefixed({ tags: 'a=b' }))).status, 200)
  assert.equal((await annotate('old', prefixed({ scheme: 'inside' }))).status, 422)
  assert.equal((await annotate('old', prefixed({ scheme: 'internal' }))).status, 200)
  assert.equal((await kube.call('DELETE', at('old'))).status, 200)
  assert.equal((await kube.call('PATCH', at('old'), { metadata: { finalizers: [] } }, merge)).status, 200)
})

const flags = ['disable-ingress-class-annotation', 'disable-ingress-group-name-annotation'] as const

test('--disable-ingress-class-annotation: new use is refused, old use goes on', async () => {
  const key = 'kubernetes.io/ingress.class'
  const make = (name: string, value: string) => objectOf('Ingress', { [key]: value }, name)
  assert.equal((await kube.call('POST', places.Ingress.path, make('legacy', 'alb'))).status, 201)
  assert.equal((await kube.call('POST', places.Ingress.path, make('foreign', 'nginx'))).status, 201)
  await apply(`policy/${flags[0]}.yaml`)
  await eventually(async () => {
    const answer = await kube.call('POST', `${places.Ingress.path}?dryRun=All`, make('new', 'alb'))
    assert.equal(answer.status, 403)
    assert.match(
      (answer.body as { message: string }).message,
      /new usage of `kubernetes.io\/ingress.class` annotation is forbidden/,
    )
  }, 30_000)
  assert.equal(
    (await kube.call('POST', `${places.Ingress.path}?dryRun=All`, make('new', 'nginx'))).status,
    201,
  )
  assert.equal((await annotate('legacy', { other: 'x' })).status, 200)
  assert.equal((await annotate('foreign', { [key]: 'alb' })).status, 403)
  assert.equal((await annotate('legacy', { [key]: null })).status, 200)
  assert.equal((await annotate('legacy', { [key]: 'alb' })).status, 403)
})

test('--disable-ingress-group-name-annotation: new use and another group are refused, old use goes on', async () => {
  const make = (name: string, group: string) => objectOf('Ingress', prefixed({ 'group.name': group }), name)
  assert.equal((await kube.call('POST', places.Ingress.path, make('member', 'team'))).status, 201)
  await apply(`policy/${flags[1]}.yaml`)
  await eventually(async () => {
    const answer = await kube.call('POST', `${places.Ingress.path}?dryRun=All`, make('new', 'team'))
    assert.equal(answer.status, 403)
    assert.match((answer.body as { message: string }).message, /new usage of/)
  }, 30_000)
  assert.equal((await annotate('member', { other: 'x' })).status, 200)
  const moved = await annotate('member', prefixed({ 'group.name': 'other' }))
  assert.equal(moved.status, 403)
  assert.match((moved.body as { message: string }).message, /new value of/)
  assert.equal((await annotate('member', { 'alb.ingress.kubernetes.io/group.name': null })).status, 200)
})

test('IngressClassParams: what their schema does not say', async () => {
  const path = '/apis/elbv2.k8s.aws/v1beta1/ingressclassparams?dryRun=All'
  const apiVersion = 'elbv2.k8s.aws/v1beta1'
  const says = async (spec: object) => {
    const params = { apiVersion, kind: 'IngressClassParams', metadata: { name: 'x' }, spec }
    return ours(await kube.call('POST', path, params))
  }
  await eventually(async () => assert.notDeepEqual(await says({ inboundCIDRs: ['x'] }), []), 30_000)
  assert.deepEqual(
    await says({ inboundCIDRs: ['10.0.0.0/8', '10.0.0.1/8', '::/0', '2001:db8::1/32', '1.2.3.4'] }),
    ['spec.inboundCIDRs: not a range without host bits: 10.0.0.1/8, 2001:db8::1/32, 1.2.3.4'],
  )
  assert.deepEqual(await says({ inboundCIDRs: ['10.0.0.0/8', '192.0.2.1/32', '2001:db8::/32'] }), [])
  assert.deepEqual(await says({ subnets: { ids: ['subnet-1', 'subnet-2'] } }), [])
  assert.equal((await says({ subnets: { ids: ['subnet-1', 'subnet-1'] } })).length, 1)
  assert.deepEqual(await says({ subnets: { tags: { a: ['x', 'y'], b: ['x'] } } }), [])
  assert.equal((await says({ subnets: { tags: { a: ['x', 'x'] } } })).length, 1)
  assert.equal((await says({ subnets: { tags: {} } })).length, 1)
  assert.deepEqual(await says({}), [])
})
