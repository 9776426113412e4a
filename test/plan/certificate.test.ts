// Certificates that ACM is asked for: what is requested, what is served until one is issued, and what may go.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Actual, ActualCertificate, ActualListener } from '../../src/model/actual.ts'
import { certificateId, certificateName, type OwnCertificate } from '../../src/model/certificate.ts'
import type { Desired } from '../../src/model/desired.ts'
import type { Listener } from '../../src/model/listener.ts'
import { resourceTag } from '../../src/model/tag.ts'
import { planCertificates } from '../../src/plan/certificate.ts'
import { desired as desiredOf, input } from './fixture.ts'
import { empty } from './simulate.ts'

const hour = 3_600_000
const own = (hosts: readonly string[], owner = 'shop/web'): OwnCertificate => {
  const id = certificateId(owner, hosts, undefined)
  return { ref: { ref: 'certificate', stack: 'team', id }, owner, hosts, tags: { [resourceTag]: id } }
}
const known = (
  { hosts, tags }: OwnCertificate,
  arn: string,
  status: string,
  more: Partial<ActualCertificate> = {},
): ActualCertificate => ({ arn, status, names: hosts, tags, createdAt: 0, ...more })

const secure = (names: readonly string[]): Listener => ({
  ref: { ref: 'listener', stack: 'team', id: '443' },
  port: 443,
  protocol: 'HTTPS',
  defaultActions: { is: [] },
  certificates: { is: names },
  attributes: {},
  tags: {},
  rules: [{ owner: 'shop/web', conditions: [], actions: [], transforms: [], tags: {} }],
})
const standing = (
  certificates: readonly string[],
  protocol: ActualListener['protocol'] = 'HTTPS',
): ActualListener => ({
  arn: 'listener',
  loadBalancerArn: 'lb',
  port: 443,
  protocol,
  defaultActions: [{ type: 'fixed-response', statusCode: '404' }],
  certificates,
  tags: {},
})

function planned(
  certificates: readonly OwnCertificate[],
  names: readonly string[],
  actual: Partial<Actual>,
  now = 0,
) {
  const wanted: Desired = { ...desiredOf([]), listeners: [secure(names)], certificates }
  const { desired, draft } = planCertificates(
    wanted,
    { ...empty, certificates: [], ...actual },
    { ...input, now },
  )
  return {
    steps: draft.steps.map(
      (one) => `${one.call} ${'certificate' in one ? one.certificate : certificateName(one as never)}`,
    ),
    waits: draft.waits.map((wait) => `${wait.for} ${wait.on}`),
    problems: draft.problems.map(({ kind, message }) => `${kind}: ${message}`),
    listeners: desired.listeners,
  }
}
const a = own(['a.example'])
const other = own(['other.example'], 'shop/other')
const [nameA, nameOther] = [certificateName(a), certificateName(other)]

test('nothing is there: it is requested, and a listener that would have no certificate is not made', () => {
  const plan = planned([a], [nameA], {})
  assert.deepEqual(plan.steps, [`RequestCertificate ${nameA}`])
  assert.deepEqual(plan.listeners, [])
})

test('pending: others of the listener are served without it; an earlier one of the same Ingress stands in', () => {
  const pending = known(a, 'arn:a', 'PENDING_VALIDATION')
  const beside = planned([a, other], [nameA, nameOther, 'arn:named'], {
    certificates: [pending, known(other, 'arn:other', 'ISSUED')],
  })
  assert.deepEqual(beside.steps, [])
  assert.deepEqual(beside.waits, ['certificateIssued arn:a'])
  assert.deepEqual(beside.listeners[0]?.certificates, { is: ['arn:other', 'arn:named'] })
  const before = known(own(['z.example']), 'arn:z', 'ISSUED')
  const changed = planned([a], [nameA], { certificates: [before, pending], listeners: [standing(['arn:z'])] })
  assert.deepEqual(changed.steps, [])
  assert.deepEqual(changed.listeners[0]?.certificates, { is: ['arn:z'] })
})

test('pending, and nothing stands in: a listener that is served stays as it is, also one that is to become HTTPS', () => {
  const certificates = [known(a, 'arn:a', 'PENDING_VALIDATION')]
  const served = planned([a], [nameA], { certificates, listeners: [standing(['arn:by-hand'])] })
  assert.deepEqual(served.listeners[0]?.certificates, { keep: true, else: ['arn:by-hand'] })
  const plain = planned([a], [nameA], { certificates, listeners: [standing([], 'HTTP')] }).listeners[0]
  assert.equal(plain?.protocol, 'HTTP')
  assert.deepEqual(plain.rules, [{ held: 'shop/web' }])
  assert.deepEqual(plain.defaultActions, { is: standing([]).defaultActions })
})

test('issued: it takes its place; what was before goes once no listener names it', () => {
  const certificates = [
    known(own(['z.example']), 'arn:z', 'ISSUED'),
    known(a, 'arn:a', 'ISSUED', { createdAt: 1 }),
  ]
  const first = planned([a], [nameA], { certificates, listeners: [standing(['arn:z'])] })
  assert.deepEqual([first.steps, first.listeners[0]?.certificates], [[], { is: ['arn:a'] }])
  const then = planned([a], [nameA], { certificates, listeners: [standing(['arn:a'])] })
  assert.deepEqual(then.steps, ['DeleteCertificate arn:z'])
})

test('requested twice by a crash: the older one counts, the other goes', () => {
  const certificates = [
    known(a, 'arn:2', 'ISSUED', { createdAt: 2 }),
    known(a, 'arn:1', 'ISSUED', { createdAt: 1 }),
  ]
  const plan = planned([a], [nameA], { certificates })
  assert.deepEqual(plan.steps, ['DeleteCertificate arn:2'])
  assert.deepEqual(plan.listeners[0]?.certificates, { is: ['arn:1'] })
})

test('failed: told, and asked for again an hour later; then the failed one goes', () => {
  const certificates = [known(a, 'arn:a', 'FAILED', { failure: 'CAA_ERROR' })]
  const early = planned([a], [nameA], { certificates }, hour - 1)
  assert.deepEqual(early.steps, [])
  assert.match(early.problems.join(), /CertificatePending: .*CAA_ERROR/)
  assert.deepEqual(planned([a], [nameA], { certificates }, hour).steps, [
    `RequestCertificate ${nameA}`,
    'DeleteCertificate arn:a',
  ])
})

test('while a member is held none is deleted; what can not be read is neither asked for nor deleted', () => {
  const certificates = [known(a, 'arn:a', 'ISSUED')]
  const held: Desired = { ...desiredOf([]), held: ['shop/web'] }
  assert.deepEqual(planCertificates(held, { ...empty, certificates }, input).draft.steps, [])
  const certificatesRefused = {
    kind: 'denied',
    call: 'acm:ListCertificates',
    code: 'AccessDenied',
    message: 'no',
  } as const
  const { certificates: _unknown, ...nothing } = empty
  const wanted: Desired = { ...desiredOf([]), listeners: [secure([nameA])], certificates: [a] }
  const { desired, draft } = planCertificates(wanted, { ...nothing, certificatesRefused }, input)
  assert.deepEqual([draft.steps, desired.listeners], [[], []])
  assert.match(draft.problems[0]?.remedy ?? '', /Allow acm:ListCertificates/)
})
