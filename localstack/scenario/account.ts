/** Scenario `account`: the workshop's life by what AWS tells of it alone, so that any AWS will do, also one where nothing answers requests. */
import { holdingsOf } from './holdings.ts'
import { expect, expectEqual } from './check.ts'
import { hostnameOf } from './look.ts'
import {
  deployment,
  ingress,
  ingressClass,
  type Manifest,
  namespace,
  type PathRule,
  service,
} from './manifest.ts'
import { built, guarded, joined, quiet, replaced, restarted, routed, type Stage } from './account-checks.ts'
import type { AccountWorld, Scenario } from './scenario.ts'
import { group } from './stage.ts'

const ns = 'workshop'

const app = (name: string, namespaceName: string, replicas: number): Manifest[] => [
  deployment(name, { namespace: namespaceName, port: 9000, replicas }),
  service(name, { namespace: namespaceName, port: 80, targetPort: 9000 }),
]
const root: PathRule = { path: '/', service: 'frontend', port: 80 }
const fresh: PathRule = { path: '/new', service: 'frontendnew', port: 80 }

function objects({ subnets }: AccountWorld) {
  const annotations = {
    scheme: 'internet-facing',
    'target-type': 'ip',
    'group.name': group,
    ...(subnets ? { subnets: subnets.join(',') } : {}),
  }
  const main = ingress('workshopingress', {
    namespace: ns,
    class: 'aws-alb',
    annotations,
    paths: [fresh, root],
  })
  const second = ingress('offers', {
    namespace: 'offers',
    class: 'aws-alb',
    annotations: { ...annotations, 'group.order': '-10' },
    paths: [{ path: '/offers', service: 'offers', port: 80 }],
  })
  return {
    base: [namespace(ns), ingressClass('aws-alb'), ...app('frontend', ns, 3), main],
    fresh: app('frontendnew', ns, 2),
    offers: [namespace('offers'), ...app('offers', 'offers', 2), second],
  }
}

export const account: Scenario<AccountWorld> = {
  name: 'account',
  title: 'One Ingress from birth to deletion, by what AWS tells of it',
  play: async ({ world, checks, show }) => {
    const { base, fresh: backend, offers } = objects(world)
    const all = [...base, ...backend, ...offers]
    const before = await holdingsOf(world)
    const stage: Stage = { world, checks, show }
    const { readyMs } = await world.controller.start()
    show.note(`  controller ready in ${readyMs} ms`)
    await world.kube.apply(...base)
    const hostname = await checks.until(
      'the Ingress shows the address',
      () => hostnameOf(world, 'workshopingress', ns),
      { withinMs: world.patienceMs },
    )
    const loadBalancer = await built(stage, hostname)
    await routed(stage, loadBalancer)
    await guarded(stage)
    await quiet(stage)
    await world.kube.apply(...backend)
    await world.kube.apply(...offers)
    await joined(stage, loadBalancer)
    await replaced(stage)
    await restarted(stage)
    await world.kube.remove(...all.toReversed())
    await checks.until(
      'every Ingress is gone: no finalizer holds one',
      async () => {
        const left = await world.kube.list<Manifest>('/apis/networking.k8s.io/v1/ingresses')
        expect(left.length === 0, `still there: ${left.map(({ metadata }) => metadata.name).join(', ')}`)
      },
      { withinMs: world.patienceMs },
    )
    await checks.until(
      'the account is as before',
      async () => {
        expectEqual(await holdingsOf(world), before, 'what is there')
      },
      { withinMs: world.patienceMs },
    )
    return all
  },
}
