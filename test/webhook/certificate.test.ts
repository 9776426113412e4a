/** Our own certificates: what Node and other replicas make of them, and when they are made anew. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import test from 'node:test'
import { createApiServer } from '../../localstack/kube/server.ts'
import { createKube } from '../../src/kube/client.ts'
import { secrets } from '../../src/kube/resource.ts'
import { due, type Material, type Times, usualTimes } from '../../src/webhook/material.ts'
import { secretSource } from '../../src/webhook/secret-source.ts'

const names = ['hook.kube-system.svc', '127.0.0.1'] as const
const day = 86_400_000
const at = { namespace: 'kube-system', name: 'hook' }

function world(times: Times = usualTimes) {
  const server = createApiServer({})
  const kube = createKube(server.handle)
  return { server, kube, source: () => secretSource({ kube, ...at, names, times }) }
}
async function read(source: ReturnType<typeof secretSource>): Promise<Material> {
  const material = await source.read()
  assert.ok(material.ok, JSON.stringify(material))
  return material.value
}
const leaf = ({ certificate }: Material): X509Certificate => new X509Certificate(certificate)

test('a certificate of ours answers to its names, and its authority signs nothing but certificates', async (t) => {
  const { server, source } = world()
  t.after(() => server.stop())
  const material = await read(source())
  const [authority] = material.authorities.map((pem) => new X509Certificate(pem))
  assert.ok(authority?.ca)
  assert.ok(leaf(material).verify(authority.publicKey))
  assert.equal(leaf(material).ca, false)
  assert.equal(leaf(material).checkHost('hook.kube-system.svc'), 'hook.kube-system.svc')
  assert.equal(leaf(material).checkIP('127.0.0.1'), '127.0.0.1')
  assert.deepEqual(leaf(material).keyUsage, ['1.3.6.1.5.5.7.3.1'])
})

test('replicas that start at once serve the same, from one Secret that is not written again', async (t) => {
  const { server, kube, source } = world()
  t.after(() => server.stop())
  const all = await Promise.all([source(), source(), source()].map(read))
  assert.equal(new Set(all.map(({ certificate }) => certificate)).size, 1)
  const before = await kube.get(secrets, at)
  await read(source())
  assert.deepEqual(await kube.get(secrets, at), before)
  assert.ok(before.ok)
  assert.equal(before.value.type, 'kubernetes.io/tls')
})

test('a Secret that was deleted is written back as it was: what others serve stays trusted', async (t) => {
  const { server, kube, source } = world()
  t.after(() => server.stop())
  const one = source()
  const before = await read(one)
  await kube.delete(secrets, at)
  assert.deepEqual(await read(one), before)
  assert.equal((await read(source())).certificate, before.certificate)
})

test('one that nobody can use is told and left alone', async (t) => {
  const { server, kube, source } = world()
  t.after(() => server.stop())
  await read(source())
  const data = (field: string, text: string) =>
    kube.patch(secrets, at, { data: { [field]: Buffer.from(text).toString('base64') } })
  await data('tls.crt', 'rubbish')
  const bad = await source().read()
  assert.ok(!bad.ok)
  assert.equal(
    bad.error,
    'Secret kube-system/hook: tls.crt: is no certificate in PEM; delete the Secret, and another one is made',
  )
})

test('what is due, and when', async (t) => {
  const { server, source } = world()
  t.after(() => server.stop())
  const material = await read(source())
  const now = Date.now()
  const later = (ms: number, of = material) => due(of, names, now + ms, usualTimes)
  assert.equal(later(0), undefined)
  assert.equal(later(59 * day), undefined)
  assert.equal(later(61 * day), 'certificate')
  assert.equal(later(3480 * day), 'authority')
  assert.equal(due(material, ['other.svc'], now, usualTimes), 'certificate')
  const { authorityKey: _none, ...foreign } = material
  assert.equal(later(10_000 * day, foreign), undefined)
})

test('fifteen years in steps of twenty days: always valid, and signed by whom everybody had known for a step', async (t) => {
  const { server, source } = world()
  t.after(() => server.stop())
  const begin = Date.now()
  t.mock.timers.enable({ apis: ['Date'], now: begin })
  const one = source()
  let before = await read(one)
  const made = { certificates: 1, authorities: 1 }
  for (let days = 20; days < 15 * 365; days += 20) {
    t.mock.timers.setTime(begin + days * day)
    const now = await read(one)
    assert.ok(Date.parse(leaf(now).validTo) - Date.now() > 10 * day)
    const signer = now.authorities.find((pem) => leaf(now).verify(new X509Certificate(pem).publicKey))
    assert.ok(signer !== undefined && before.authorities.includes(signer), `after ${days} days`)
    assert.ok(now.authorities.length <= 2)
    if (now.certificate !== before.certificate) made.certificates += 1
    if (now.authorities[0] !== before.authorities[0]) made.authorities += 1
    before = now
  }
  assert.deepEqual(made, { certificates: 91, authorities: 2 })
})
