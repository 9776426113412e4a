/** Argo CD's health checks, run as it runs them on objects that the controller wrote to a real API server. */
import { DescribeLoadBalancerAttributesCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { parse } from 'yaml'
import { hostnameOf, loadBalancers } from '../../localstack/scenario/look.ts'
import { ingress, namespace } from '../../localstack/scenario/manifest.ts'
import { workload } from '../../localstack/scenario/served.ts'
import type { Running } from '../../localstack/scenario/world.ts'
import { eventually } from '../world.ts'
import { type Health, healthOf, healthsOf } from './others/lua.ts'
import { program } from './others/program.ts'
import { type Stage, startStage } from './others/stage.ts'

const limitMs = 60_000
const config = resolve(import.meta.dirname, '../../docs/argo-cd/argocd-cm.yaml')
/** What an operator gives to Argo CD, rather than the files that it was made of. */
const scripts = (parse(readFileSync(config, 'utf8')) as { data: Readonly<Record<string, string>> }).data
const scriptOf = (kind: string): string =>
  scripts[`resource.customizations.health.albatross.dev_${kind}`] ?? ''

let stage: Stage | undefined
let world: Running
before(async () => {
  program('glua')
  // The sweep looks at the health of targets, too.
  stage = await startStage(['--sweep-period=2s'])
  ;({ world } = stage)
})
after(() => stage?.stop())

const report = '/apis/albatross.dev/v1alpha1/namespaces/shop/ingressreports/web'
const group = '/apis/albatross.dev/v1alpha1/ingressgroups/ingress.shop.web'
const health = async (path: string): Promise<Health> => {
  const object = await world.kube.get<{ kind: string }>(path)
  assert.ok(object !== undefined, `${path}: not there`)
  return healthOf(scriptOf(object.kind), object)
}
/** Both checks say so. */
const both = (status: string, message: RegExp): Promise<void> =>
  eventually(async () => {
    for (const path of [report, group]) {
      const found = await health(path)
      assert.equal(found.status, status, `${path}: ${found.message}`)
      assert.match(found.message, message)
    }
  }, limitMs)

const web = (annotations: Readonly<Record<string, string>> = {}) =>
  ingress('web', {
    namespace: 'shop',
    class: 'aws-alb',
    annotations: { 'target-type': 'ip', scheme: 'internal', ...annotations },
    paths: [{ path: '/', service: 'web', port: 8080 }],
  })

test('an object that nobody has written to yet is Progressing', async () => {
  for (const kind of ['IngressReport', 'IngressGroup'])
    assert.equal((await healthOf(scriptOf(kind), { metadata: { name: 'web' } })).status, 'Progressing')
})

test('from Progressing, while the load balancer is made, to Healthy', async () => {
  await world.kube.apply(namespace('shop'), ...workload('web', { namespace: 'shop', replicas: 2 }), web())
  const seen = new Set<string>()
  await eventually(async () => {
    const { status, message } = await health(report)
    seen.add(status)
    assert.equal(status, 'Healthy', message)
  }, limitMs)
  assert.deepEqual([...seen], ['Progressing', 'Healthy'])
  await both('Healthy', /served by|nothing is left to do/)
})

test('held by a mistake is Degraded, and says the mistake; mended is Healthy again', async () => {
  await world.kube.apply(web({ scheme: 'outside' }))
  await both('Degraded', /scheme.*outside|MembersHeld: 1 of 1 held: shop\/web/)
  // The address stays, by which Argo CD alone would call the Ingress healthy.
  assert.ok(await hostnameOf(world, 'web', 'shop'))
  await world.kube.apply(web())
  await both('Healthy', /./)
})

test('a held edit that would let fewer in is Degraded by what is exposed', async () => {
  await world.kube.apply(web({ 'healthcheck-port': 'nowhere', 'inbound-cidrs': '10.0.0.0/8' }))
  await both('Degraded', /^HeldEditWouldLetFewerIn: /)
  await world.kube.apply(web())
  await both('Healthy', /./)
})

test('without a healthy target its report is Degraded until there is one', async () => {
  const scale = (replicas: number) =>
    world.kube.patch('/apis/apps/v1/namespaces/shop/deployments/web', { spec: { replicas } })
  await scale(0)
  await eventually(async () => {
    const { status, message } = await health(report)
    assert.equal(status, 'Degraded')
    assert.match(message, /^NoHealthyTarget: .*web:8080/)
  }, limitMs)
  await scale(2)
  await both('Healthy', /./)
})

test('one that deletion protection keeps is Degraded, and says how to let it go', async () => {
  const protectedFrom = { 'load-balancer-attributes': 'deletion_protection.enabled=true' }
  await world.kube.apply(web(protectedFrom))
  await eventually(async () => {
    const [loadBalancer] = await loadBalancers(world)
    const sent = { LoadBalancerArn: loadBalancer?.LoadBalancerArn }
    const { Attributes } = await world.elbv2.send(new DescribeLoadBalancerAttributesCommand(sent))
    assert.equal(Attributes?.find(({ Key }) => Key === 'deletion_protection.enabled')?.Value, 'true')
  }, limitMs)
  await world.kube.remove(web())
  await eventually(async () => {
    const { status, message } = await health(report)
    assert.equal(status, 'Degraded', message)
    assert.match(message, /^DeletionProtected: .*deletion_protection\.enabled=false/)
  }, limitMs)
})

const conditions = (...told: readonly string[]): object => ({
  status: {
    conditions: told.map((text) => {
      const [type, status, reason] = text.split(' ')
      return { type, status, reason, message: 'because' }
    }),
  },
})
test('what the controller says seldom', async () => {
  const accepted = 'Accepted True Accepted'
  const told: readonly (readonly [string, object])[] = [
    ['Suspended', conditions(accepted, 'Programmed False Observing')],
    ['Degraded', conditions(accepted, 'Programmed False AwsDenied')],
    ['Degraded', conditions('Accepted False GroupHeld', 'Programmed False Held')],
    ['Unknown', conditions(accepted, 'Programmed Unknown AwsUnreachable')],
    ['Unknown', conditions(accepted)],
    ['Healthy', conditions(accepted, 'Programmed True Programmed', 'Exposed False AsStated')],
  ]
  const objects = told.map(([, object]) => object)
  for (const kind of ['IngressReport', 'IngressGroup'])
    assert.deepEqual(
      (await healthsOf(scriptOf(kind), objects)).map(({ status }) => status),
      told.map(([status]) => status),
    )
  const unseen = conditions(accepted, 'Programmed True Programmed', 'TargetsHealthy Unknown NotObserved')
  assert.equal((await healthOf(scriptOf('IngressReport'), unseen)).status, 'Healthy')
})
