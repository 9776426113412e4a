import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { apply } from '../../src/apply/apply.ts'
import { readLoadBalancerStates } from '../../src/aws/observe.ts'
import { ok } from '../../src/lib/result.ts'
import type { Actual } from '../../src/model/actual.ts'
import type { Call } from '../../src/plan/step.ts'
import {
  buildSteps,
  createWorld,
  listenerRef,
  options,
  planOf,
  stack,
  step,
  sweeping,
  tagsOf,
  targetGroupRef,
} from '../aws/world.ts'

type Deed = { readonly what: number; readonly at: number; readonly fault: 'none' | 'reset' | 'lost-answer' }

/** A call that makes sense for what the mirror shows. */
function callOf({ what, at }: Deed, actual: Actual): Call | undefined {
  const rule = actual.rules[at % Math.max(1, actual.rules.length)]
  const taken = new Set(actual.rules.map(({ priority }) => priority))
  const free = 1 + Array.from({ length: 50 }, (_, n) => n + 1).findIndex((n) => n > at && !taken.has(n))
  const [loadBalancer] = actual.loadBalancers
  const [group] = actual.securityGroups
  const conditions = [{ field: 'path-pattern', values: [`/${at}`] }] as const
  const forward = { type: 'forward', targetGroups: [{ targetGroup: targetGroupRef }] } as const
  switch (what) {
    case 0:
    case 1:
      return {
        call: 'CreateRule',
        listener: listenerRef,
        priority: free,
        conditions,
        actions:
          what === 0 ? [forward] : [{ type: 'fixed-response', statusCode: '200', messageBody: String(at) }],
        transforms: [],
        tags: tagsOf(`80:${free}`),
      }
    case 2:
      return rule && { call: 'DeleteRule', rule: rule.arn }
    case 3:
      return (
        rule && {
          call: 'ModifyRule',
          rule: rule.arn,
          conditions,
          actions: [{ type: 'redirect', statusCode: 'HTTP_301', port: '443' }],
        }
      )
    case 4:
      return (
        rule && {
          call: 'SetRulePriorities',
          listener: rule.listenerArn,
          priorities: [{ rule: rule.arn, priority: free }],
        }
      )
    case 5:
      return rule && { call: 'AddTags', resources: [rule.arn], tags: { at: String(at) } }
    case 6:
      return (
        loadBalancer && {
          call: 'SetSecurityGroups',
          loadBalancer: loadBalancer.arn,
          securityGroups: at % 2 || !group ? [...loadBalancer.securityGroups] : [group.id],
        }
      )
    default: {
      const permission = {
        protocol: 'tcp',
        fromPort: at,
        toPort: at,
        source: { cidr: '10.0.0.0/8' },
      } as const
      const has = group?.ingress.some(
        ({ fromPort, source }) => fromPort === at && 'cidr' in source && source.cidr === '10.0.0.0/8',
      )
      return (
        group && {
          call: has ? 'RevokeSecurityGroupIngress' : 'AuthorizeSecurityGroupIngress',
          group: group.id,
          permissions: [permission],
        }
      )
    }
  }
}

const deed: fc.Arbitrary<Deed> = fc.record({
  what: fc.nat(7),
  at: fc.nat(20),
  fault: fc.constantFrom('none', 'none', 'none', 'reset', 'lost-answer'),
})

test('whatever we write and whatever answer is lost, the mirror is what a fresh sweep sees', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 4, maxLength: 12 }), async (deeds) => {
      const { aws, cloud, mirror, sweeper, vpc, other } = createWorld()
      const context = {
        aws,
        mirror,
        sweeper,
        options,
        stillLeader: () => true,
        writeBinding: async () => ok(undefined),
      }
      assert.ok((await sweeper.sweep(sweeping)).ok)
      await apply(planOf(buildSteps(vpc)), context)
      for (const one of deeds) {
        const call = callOf(one, mirror.actual(stack, []))
        if (call === undefined) continue
        if (one.fault !== 'none') cloud.fault({ action: call.call, error: one.fault })
        const outcome = await apply(planOf([step(call, 'deed')]), context)
        assert.equal(
          outcome.results[0]?.result,
          one.fault === 'none' ? 'done' : 'failed',
          JSON.stringify(outcome),
        )
        for (let looks = 0; ; looks += 1) {
          const ready = await sweeper.ready(stack, options)
          assert.ok(ready.ok && looks < 3)
          if (ready.value.ready) break
          t.mock.timers.setTime(Date.now() + ready.value.afterMs)
        }
      }
      const fresh = other()
      assert.ok((await fresh.sweeper.sweep(sweeping)).ok)
      const expected = fresh.mirror.actual(stack, [])
      await readLoadBalancerStates(
        { aws, options },
        mirror,
        expected.loadBalancers.map(({ arn }) => arn),
      )
      assert.deepEqual({ ...mirror.actual(stack, []), targets: {} }, expected)
    }),
    { numRuns: 25, seed: 20_261_120 },
  )
})
