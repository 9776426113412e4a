import assert from 'node:assert/strict'
import { it } from 'node:test'
import { install } from '@sinonjs/fake-timers'
import fc from 'fast-check'
import { type ApiServer, createApiServer } from '../../localstack/kube/server.ts'
import { createKube } from '../../src/kube/client.ts'
import { services } from '../../src/kube/resource.ts'
import type { Service } from '../../src/model/cluster.ts'
import { startReflector } from '../../src/watch/reflector.ts'
import { createStore } from '../../src/watch/store.ts'
import { slimService } from '../../src/watch/transform.ts'
import { settle } from './scripted.ts'

const name = fc.constantFrom('a', 'b', 'c', 'd')
const path = /services\?/
const act = fc.oneof(
  { weight: 6, arbitrary: fc.record({ act: fc.constantFrom('create', 'edit', 'delete'), name }) },
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constantFrom('end', 'reset', 'garbage', 'compact', 'compact') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('fault'),
      fault: fc.constantFrom(
        { path, status: 500 },
        { path, status: 429, retryAfterSeconds: 3 },
        { path, status: 410 },
        { path, reset: true } as const,
        { path, garbage: true } as const,
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('wait'), ms: fc.integer({ min: 1, max: 90_000 }) }) },
)
type Act = {
  readonly act: string
  readonly name?: string
  readonly ms?: number
  readonly fault?: Parameters<ApiServer['fault']>[0]
}

it('a store ends equal to the server, and its handlers were told every difference, whatever happened', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(act, { maxLength: 60, size: 'max' }),
      async (watchList, acts: Act[]) => {
        const clock = install({
          toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
        })
        const server = createApiServer({ watchList })
        // The test's own writes don't meet the faults.
        const kube = createKube((request) =>
          path.test(request.path) && request.method !== 'GET'
            ? server.handle({ ...request, path: request.path.split('?')[0] ?? '' })
            : server.handle(request),
        )
        const store = createStore<Service>({}, assert.ifError)
        const heard = new Map<string, string>()
        store.onChange((old, now) => {
          const key = old?.metadata.name ?? now?.metadata.name ?? ''
          assert.equal(heard.get(key), old && JSON.stringify(old.spec.selector) + old.metadata.uid)
          if (now) heard.set(key, JSON.stringify(now.spec.selector) + now.metadata.uid)
          else heard.delete(key)
        })
        const reflector = startReflector({ kube, resource: services, store, transform: slimService })
        let serial = 0
        const selector = (): object => ({ run: `${(serial += 1)}` })
        try {
          for (const { act: what, name: of = 'x', ms = 0, fault } of acts) {
            const object = { namespace: 'default', name: of }
            if (what === 'create') {
              const spec = { selector: selector(), ports: [{ port: 80 }] }
              await kube.create(services, { metadata: object, spec })
            } else if (what === 'edit') await kube.patch(services, object, { spec: { selector: selector() } })
            else if (what === 'delete') await kube.delete(services, object)
            else if (what === 'end' || what === 'reset' || what === 'garbage') server.dropWatches(what)
            else if (what === 'compact') server.compact()
            else if (fault) server.fault(fault)
            await settle()
            if (ms) await clock.tickAsync(ms)
          }
          server.clearFaults()
          for (let i = 0; i < 8; i += 1) {
            await settle()
            await clock.tickAsync(30_000)
          }
          await settle()
          const truth = await kube.list(services)
          assert.ok(truth.ok)
          const versions = (list: readonly Service[]): string[] =>
            list.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort()
          assert.deepEqual(versions(store.list()), versions(truth.value.items))
          assert.equal(heard.size, store.size)
          assert.equal(reflector.state().error, undefined)
        } finally {
          await reflector.stop()
          server.stop()
          clock.uninstall()
        }
      },
    ),
    { numRuns: 100, seed: 7 },
  )
})
