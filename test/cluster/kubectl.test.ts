/** What kubectl shows of our kinds, and that it can wait for them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Manifest } from '../../localstack/scenario/manifest.ts'
import { type ClusterWorld, member, startClusterWorld } from './world.ts'

let world: ClusterWorld
let hostname = ''
const params: Manifest = {
  apiVersion: 'elbv2.k8s.aws/v1beta1',
  kind: 'IngressClassParams',
  metadata: { name: 'shown' },
  spec: { group: { name: 'team' }, scheme: 'internal', ipAddressType: 'dualstack' },
}
before(async () => {
  world = await startClusterWorld()
  await world.kube.apply(params, member('good'))
  await world.cluster.kubectl('wait', '--for=create', 'ingressreport/good', '-n', 'shop', '--timeout=60s')
})
after(() => world?.end())

/** Cells of a table as kubectl prints it, the heading first; columns are two spaces apart. */
const table = async (...args: readonly string[]): Promise<readonly (readonly string[])[]> =>
  (await world.cluster.kubectl('get', ...args))
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/))
/** The age is what it is. */
const withoutAge = (rows: readonly (readonly string[])[]) => {
  assert.equal(rows[0]?.at(-1), 'AGE')
  for (const row of rows.slice(1)) assert.match(row.at(-1) ?? '', /^\d+[sm]/)
  return rows.map((row) => row.slice(0, -1))
}

test('kubectl waits for an Ingress and its group to be programmed, and for the address', async () => {
  const wait = (...args: readonly string[]) =>
    world.cluster.kubectl('wait', '--timeout=60s', '-n', 'shop', ...args)
  assert.match(
    await wait('--for=condition=Programmed', 'ingressreport/good'),
    /^ingressreport.albatross.dev\/good condition met/,
  )
  await wait('--for=condition=Programmed', 'ingressgroup/group.team')
  await wait('--for=jsonpath={.status.loadBalancer.ingress[0].hostname}', 'ingress/good')
  hostname = await world.served('good')
})

test('kubectl get: the columns of each kind', async () => {
  const [heading = [], [...report] = []] = withoutAge(await table('ingressreports', '-n', 'shop'))
  assert.deepEqual(heading, ['NAME', 'GROUP', 'ACCEPTED', 'PROGRAMMED', 'HEALTHY'])
  // Health is told as last observed, and nobody may have had reason to look.
  assert.match(report.pop() ?? '', /^(?:True|Unknown)$/)
  assert.deepEqual(report, ['good', 'group.team', 'True', 'True'])
  assert.deepEqual(withoutAge(await table('ingressgroups')), [
    ['NAME', 'ADDRESS', 'PROGRAMMED'],
    ['group.team', hostname, 'True'],
  ])
  assert.deepEqual(withoutAge(await table('ingressclassparams', 'shown')), [
    ['NAME', 'GROUP-NAME', 'SCHEME', 'IP-ADDRESS-TYPE'],
    ['shown', 'team', 'internal', 'dualstack'],
  ])
  const [group] = world.account.targetGroups.values()
  const name = group?.wire.TargetGroupName ?? ''
  assert.deepEqual(withoutAge(await table('targetgroupbindings', '-n', 'shop')), [
    ['NAME', 'SERVICE-NAME', 'SERVICE-PORT', 'TARGET-TYPE'],
    [name, 'web', '80', 'ip'],
  ])
  assert.deepEqual((await table('targetgroupbindings', '-n', 'shop', '-o', 'wide'))[0], [
    'NAME',
    'SERVICE-NAME',
    'SERVICE-PORT',
    'TARGET-TYPE',
    'ARN',
    'NAME',
    'AGE',
  ])
  assert.deepEqual(withoutAge(await table('ingress', '-n', 'shop')), [
    ['NAME', 'CLASS', 'HOSTS', 'ADDRESS', 'PORTS'],
    ['good', 'alb', '*', hostname, '80'],
  ])
})

test('kubectl describe: what became of an Ingress, its events and its problems', async () => {
  const describe = async (...args: readonly string[]) =>
    (await world.cluster.kubectl('describe', '-n', 'shop', ...args)).replaceAll(/ +/g, ' ')
  const ingress = await describe('ingress', 'good')
  assert.match(ingress, new RegExp(`Address: ${hostname}`))
  assert.match(ingress, /Normal SuccessfullyReconciled/)
  await world.kube.apply(member('bad', ['/bad'], { 'target-type': 'bogus' }))
  await world.cluster.kubectl('wait', '--for=create', 'ingressreport/bad', '-n', 'shop', '--timeout=60s')
  await world.cluster.kubectl(
    'wait',
    '--for=condition=Accepted=false',
    'ingressreport/bad',
    '-n',
    'shop',
    '--timeout=60s',
  )
  const report = await describe('ingressreport', 'bad')
  assert.match(report, /Type: Accepted/)
  assert.match(report, /Reason: InvalidAnnotation/)
  assert.match(report, /Remedy: Write /)
  assert.match(await describe('ingress', 'bad'), /Warning InvalidAnnotation/)
  assert.match(await world.cluster.kubectl('events', '-n', 'shop', '--for=ingress/bad'), /bogus/)
})

test('kubectl explain knows every field that is ours', async () => {
  for (const [path, said] of [
    ['ingressreport.status', 'What is wrong with it, and what to do.'],
    ['ingressgroup.status', 'What a running change waits for.'],
    ['targetgroupbinding.spec.serviceRef', 'Port of the Service, by number or name.'],
    ['ingressclassparams.spec', 'Name of the load balancer.'],
  ] as const)
    assert.ok((await world.cluster.kubectl('explain', path)).replaceAll(/\s+/g, ' ').includes(said), path)
})
