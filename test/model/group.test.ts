/** Which Ingresses are ours, in which group and order, and what a mistake in class, group or order does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cluster, Ingress } from '../../src/model/cluster.ts'
import { groupsOf, stackLabels } from '../../src/model/group.ts'
import type { Settings } from '../../src/model/settings.ts'
import { byDefault, clusterOf, ingress, ingressClass, settingsOf } from './fixture.ts'

type Given = Partial<Cluster> & { readonly settings?: Partial<Settings> }
/** `stack: members | leaving`, members with `!` where they are at fault. */
function groups(ingresses: readonly Ingress[], { settings, ...more }: Given = {}) {
  const found = groupsOf(clusterOf(ingresses, more), settingsOf(settings))
  const lines = [...found.groups.values()].map(({ stack, members, leaving }) => {
    const keys = members.map(({ key, faults }) => key + (faults.length > 0 ? '!' : ''))
    return `${stack}: ${keys.join(' ')} | ${leaving.map(({ metadata }) => metadata.name).join(' ')}`
  })
  return { lines, problems: found.problems.map(({ kind }) => kind) }
}
const none = { lines: [], problems: [] }
const alone = { lines: ['n/i: n/i | '], problems: [] }

const classless = { spec: { ingressClassName: undefined } as unknown as Partial<Ingress['spec']> }
const annotated = (value: string) => ({ annotations: { 'kubernetes.io/ingress.class': value } })

test('the class decides', () => {
  assert.deepEqual(groups([ingress('n/i')]), alone)
  const other = { ingressClasses: [ingressClass('alb', { spec: { controller: 'nginx' } })] }
  assert.deepEqual(groups([ingress('n/i')], other), none)
  assert.deepEqual(groups([ingress('n/i')], { ingressClasses: [ingressClass('x')] }), {
    lines: [],
    problems: ['InvalidIngressClass'],
  })
  assert.deepEqual(groups([ingress('n/i', classless)]), none)
  assert.deepEqual(groups([ingress('n/i', classless)], { settings: { ingressClass: '' } }), alone)
  assert.deepEqual(groups([ingress('n/i', classless)], { ingressClasses: [byDefault('d')] }), alone)
})

test('the legacy annotation beats spec.ingressClassName', () => {
  assert.deepEqual(groups([ingress('n/i', annotated('alb'))], { ingressClasses: [] }), alone)
  assert.deepEqual(groups([ingress('n/i', annotated('nginx'))]), none)
  assert.deepEqual(groups([ingress('n/i', annotated('alb'))], { settings: { ingressClass: '' } }), alone)
  assert.deepEqual(groups([ingress('n/i', annotated(''))], { settings: { ingressClass: '' } }), alone)
  assert.deepEqual(groups([ingress('n/i', annotated('alb'))], { settings: { ingressClass: 'x' } }), none)
})

test('two default classes hold only Ingresses without a class', () => {
  const ingressClasses = [byDefault('one'), byDefault('two'), ingressClass('alb')]
  const served = ingress('n/served', {
    ...classless,
    metadata: { finalizers: ['ingress.k8s.aws/resources'] },
  })
  assert.deepEqual(groups([ingress('n/i'), served, ingress('n/new', classless)], { ingressClasses }), {
    lines: ['n/i: n/i | ', 'n/served: n/served! | '],
    problems: ['MultipleDefaultIngressClasses'],
  })
})

const withParams = ingressClass('alb', {
  spec: {
    controller: 'ingress.k8s.aws/alb',
    parameters: { apiGroup: 'elbv2.k8s.aws', kind: 'IngressClassParams', name: 'params' },
  },
})

test('IngressClassParams: missing ones hold who was served; group and namespaces count', () => {
  const ingressClasses = [withParams]
  const finalizers = ['group.ingress.k8s.aws/g']
  const served = ingress('n/served', { metadata: { finalizers } })
  assert.deepEqual(groups([served, ingress('n/new')], { ingressClasses }), {
    lines: ['g: n/served! | '],
    problems: ['InvalidIngressClassParams'],
  })
  const params = (spec: object) => [{ metadata: { name: 'params', uid: 'params' }, spec }]
  const grouped = params({ group: { name: 'g' } })
  const named = ingress('n/i', { annotations: { 'group.name': 'NOT VALID' } })
  assert.deepEqual(groups([named], { ingressClasses, ingressClassParams: grouped }).lines, ['g: n/i | '])
  const selecting = params({ namespaceSelector: { matchLabels: { team: 'a' } } })
  const namespaces = [{ metadata: { name: 'n', uid: 'n', labels: { team: 'a' } } }]
  assert.deepEqual(
    groups([ingress('n/i')], { ingressClasses, ingressClassParams: selecting, namespaces }),
    alone,
  )
  assert.deepEqual(groups([ingress('n/i')], { ingressClasses, ingressClassParams: selecting }).problems, [
    'InvalidIngressClass',
  ])
})

const inGroup = (key: string, order?: string, more: object = {}) =>
  ingress(key, {
    annotations: { 'group.name': 'g', ...(order === undefined ? {} : { 'group.order': order }) },
    ...more,
  })

test('members are ordered by number, then by namespace/name', () => {
  const members = [inGroup('b/x'), inGroup('a/z'), inGroup('z/a', '-5'), inGroup('a/b', '1000')]
  assert.deepEqual(groups(members).lines, ['g: z/a a/z b/x a/b | '])
})

test('a wrong order or group name holds the member, and nobody else', () => {
  for (const order of ['1001', '-1001', 'ten', ''])
    assert.deepEqual(groups([inGroup('a/bad', order), inGroup('b/good')]).lines, ['g: a/bad! b/good | '])
  const bad = { annotations: { 'group.name': '' } }
  assert.deepEqual(groups([ingress('n/i', bad)]), { lines: [], problems: ['InvalidGroup'] })
  const metadata = { finalizers: ['group.ingress.k8s.aws/g'] }
  assert.deepEqual(groups([ingress('n/i', { ...bad, metadata })]).lines, ['g: n/i! | '])
  assert.deepEqual(groups([ingress('n/i', { annotations: { 'group.name': 'x'.repeat(64) } })]).problems, [
    'InvalidGroup',
  ])
})

test('who bears a finalizer and belongs no more is leaving', () => {
  const finalizers = ['group.ingress.k8s.aws/old', 'ingress.k8s.aws/resources', 'foreign']
  assert.deepEqual(groups([inGroup('n/i', '0', { metadata: { finalizers } })]).lines, [
    'g: n/i | ',
    'old:  | i',
    'n/i:  | i',
  ])
  const gone = { metadata: { finalizers, deletionTimestamp: '2026-01-01T00:00:00Z' } }
  assert.deepEqual(groups([ingress('n/i', gone)]).lines, ['old:  | i', 'n/i:  | i'])
})

test('labels of bindings', () => {
  assert.deepEqual(stackLabels('g'), { 'ingress.k8s.aws/stack': 'g' })
  assert.deepEqual(stackLabels('n/i'), {
    'ingress.k8s.aws/stack-namespace': 'n',
    'ingress.k8s.aws/stack-name': 'i',
  })
})
