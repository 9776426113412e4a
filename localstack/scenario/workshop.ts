/** Scenario `workshop`: an Ingress is born, lives through every ordinary change under load, and leaves nothing behind. */
import { expect } from './check.ts'
import { startLoad } from './load.ts'
import {
  deployment,
  ingress,
  ingressClass,
  type Manifest,
  namespace,
  type PathRule,
  service,
} from './manifest.ts'
import type { Scenario } from './scenario.ts'
import { group, type Stage } from './stage.ts'
import { built, joined, opened, served } from './workshop-checks.ts'
import { left, restarted, settled } from './workshop-life.ts'
import { hostnameOf } from './look.ts'

const ns = 'workshop'

const root: PathRule = { path: '/', service: 'frontend', port: 80 }
const fresh: PathRule = { path: '/new', service: 'frontendnew', port: 80 }

const mainIngress = (paths: readonly PathRule[]): Manifest =>
  ingress('workshopingress', {
    namespace: ns,
    class: 'aws-alb',
    annotations: { scheme: 'internet-facing', 'target-type': 'ip', 'group.name': group },
    paths,
  })
const secondIngress = ingress('offers', {
  namespace: 'offers',
  class: 'aws-alb',
  annotations: { scheme: 'internet-facing', 'target-type': 'ip', 'group.name': group, 'group.order': '-10' },
  paths: [{ path: '/offers', service: 'offers', port: 80 }],
})
const app = (name: string, namespaceName = ns): Manifest[] => [
  deployment(name, { namespace: namespaceName, port: 9000 }),
  service(name, { namespace: namespaceName, port: 80, targetPort: 9000 }),
]

const base = [
  namespace(ns),
  ingressClass('aws-alb'),
  ...app('frontend'),
  ...app('prodcatalog'),
  ...app('proddetail'),
]
const offers = [namespace('offers'), ...app('offers', 'offers'), secondIngress]
const everything = [...base, ...app('frontendnew'), mainIngress([fresh, root]), ...offers]

export const workshop: Scenario = {
  name: 'workshop',
  title: 'One Ingress from birth to deletion, under constant load',
  play: async ({ world, checks, show }) => {
    const before = await world.state()
    const { readyMs } = await world.controller.start()
    show.note(`  controller ready in ${readyMs} ms`)
    await world.kube.apply(...base, mainIngress([fresh, root]))
    const hostname = await checks.until(
      'Ingress status shows the address once the load balancer is active',
      () => hostnameOf(world, 'workshopingress', ns),
      {
        withinMs: 15_000,
      },
    )
    await built(world, checks, hostname)
    await served(world, checks, hostname)
    const address = world.addressOf(hostname, 80)
    const load = startLoad({
      address,
      host: hostname,
      path: '/',
      perSecond: 50,
      expect: (status) => status === 200,
    })
    const stage: Stage = { world, checks, show, hostname, address, load }
    try {
      await removedAndPutBack(stage)
      await newBackend(stage)
      await opened(stage)
      await world.kube.apply(...offers)
      await joined(stage)
      await settled(stage)
      await restarted(stage)
      await left(stage, { before, all: everything.toReversed() })
    } finally {
      await load.stop()
    }
    return everything
  },
}

/** Line 4: without the rule for `/` anything else is a 404; the load expects just that meanwhile. */
async function removedAndPutBack({ world, checks, hostname, load }: Stage): Promise<void> {
  load.expect((status) => status === 200 || status === 404)
  await world.kube.apply(mainIngress([fresh]))
  await checks.until('without the rule for /, GET /x is 404', async () => {
    const { status } = await world.request(hostname, '/x')
    expect(status === 404, `GET /x answered ${status}`)
  })
  await world.kube.apply(mainIngress([fresh, root]))
  await checks.until('put back, GET / is 200 again', async () => {
    const { status } = await world.request(hostname, '/')
    expect(status === 200, `GET / answered ${status}`)
  })
  load.expect((status) => status === 200)
}

/** Line 5: the missing Service comes to be; from the pods' readiness to the first 200 within 2 s. */
async function newBackend({ world, checks, hostname, load }: Stage): Promise<void> {
  const failedBefore = load.failures.length
  await world.kube.apply(...app('frontendnew'))
  let readyAt = 0
  await checks.until('the pods of frontendnew are ready', async () => {
    const found = await world.kube.get<{ status?: { readyReplicas?: number } }>(
      `/apis/apps/v1/namespaces/${ns}/deployments/frontendnew`,
    )
    expect(found?.status?.readyReplicas === 3, `${found?.status?.readyReplicas ?? 0} of 3 are ready`)
    readyAt = Date.now()
  })
  await checks.until(
    'GET /new is 200 from the new pods, within 2 s of their being ready',
    async () => {
      const answer = await world.request(hostname, '/new')
      expect(answer.status === 200, `GET /new answered ${answer.status}`)
      return `${Date.now() - readyAt} ms after they were ready`
    },
    { withinMs: 2000 - (Date.now() - readyAt) },
  )
  await checks.until(
    'no request to / failed meanwhile',
    () => {
      const failures = load.failures.slice(failedBefore)
      expect(failures.length === 0, `${failures.length} failed: ${failures.slice(0, 5).join(', ')}`)
      return `${load.sent} sent so far`
    },
    { withinMs: 0 },
  )
}
