/** Listeners of the Network Load Balancer in front: TCP, each to its own target group; new ones before old ones go. */
import type { ActualListener, ActualLoadBalancer } from '../model/actual.ts'
import type { ForwardAction } from '../model/action.ts'
import type { FrontendListener, FrontendNlb } from '../model/frontend-nlb.ts'
import { refKey } from '../model/ref.ts'
import { draft, join, step, type Draft } from './draft.ts'
import { frontendTags } from './frontend-tag.ts'
import { frontendTargetGroupOf } from './frontend-target-group.ts'
import { sameActions } from './match.ts'
import { tagChange, tagSteps } from './tag.ts'
import { creators, creatorsOfActions, type World } from './world.ts'

export function planFrontendListeners(
  world: World,
  wanted: FrontendNlb,
  on: ActualLoadBalancer | undefined,
): Draft {
  const served = world.actual.frontend.listeners.filter(({ loadBalancerArn }) => loadBalancerArn === on?.arn)
  const made = join(
    wanted.listeners.map((listener) => {
      const found = served.find(({ port }) => port === listener.port)
      return found ? modify(world, wanted, listener, found) : create(world, wanted, listener, on)
    }),
  )
  const ports = new Set(wanted.listeners.map(({ port }) => port))
  const surplus = world.held ? [] : served.filter(({ port }) => !ports.has(port))
  const after = made.steps.flatMap(({ call, id }) => (call === 'CreateListener' ? [id] : []))
  const gone = surplus.map(({ arn }) =>
    step(
      { call: 'DeleteListener', listener: arn },
      { key: arn, reason: 'no member wants its port', impact: 'deletes', after },
    ),
  )
  return join([made, draft({ steps: gone })])
}

const forwardTo = (world: World, listener: FrontendListener): ForwardAction => ({
  type: 'forward',
  targetGroups: [{ targetGroup: frontendTargetGroupOf(world, listener)?.arn ?? listener.targetGroup.ref }],
})

function create(
  world: World,
  wanted: FrontendNlb,
  listener: FrontendListener,
  on: ActualLoadBalancer | undefined,
): Draft {
  const { ref, port } = listener
  const loadBalancer = on?.arn ?? wanted.ref
  const defaultActions = [forwardTo(world, listener)]
  const { ListenerRulesTagging: tagging } = world.input.settings.featureGates
  return draft({
    steps: [
      step(
        {
          call: 'CreateListener',
          ref,
          loadBalancer,
          port,
          protocol: 'TCP',
          defaultActions,
          tags: tagging ? frontendTags(world, wanted, ref.id) : {},
        },
        {
          key: refKey(ref),
          reason: 'missing',
          impact: 'none',
          after: [...creators([loadBalancer]), ...creatorsOfActions(defaultActions)],
        },
      ),
    ],
  })
}

function modify(
  world: World,
  wanted: FrontendNlb,
  listener: FrontendListener,
  served: ActualListener,
): Draft {
  const defaultActions = [forwardTo(world, listener)]
  const change = {
    ...(served.protocol === 'TCP' ? {} : { protocol: 'TCP' as const }),
    ...(sameActions(defaultActions, served.defaultActions) ? {} : { defaultActions }),
  }
  const what = Object.keys(change)
  const steps =
    what.length === 0
      ? []
      : [
          step(
            { ...change, call: 'ModifyListener', listener: served.arn },
            {
              key: served.arn,
              reason: `${what.join(' and ')} changed`,
              impact: 'in place',
              after: creatorsOfActions(defaultActions),
            },
          ),
        ]
  const { settings } = world.input
  if (!settings.featureGates.ListenerRulesTagging) return draft({ steps })
  const tags = frontendTags(world, wanted, listener.ref.id, served.tags)
  const retag = tagChange(tags, served.tags, settings, 'own legacy')
  return join([
    draft({ steps }),
    tagSteps([{ resource: served.arn, owner: 'group', ...retag }], { keepSurplus: world.held }),
  ])
}
