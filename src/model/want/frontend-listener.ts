/** The listeners of the Network Load Balancer in front, each with its target group: members merged by its ports. */
import { keyOf } from '../../annotation/define.ts'
import * as declared from '../../annotation/frontend-nlb.ts'
import type { Choice } from '../choice.ts'
import type { FrontendHealthCheck, FrontendListener, HealthCheckParts } from '../frontend-nlb.ts'
import { frontendTargetGroupName } from '../name.ts'
import { frontendListenerId, frontendTargetGroupId } from '../ref.ts'
import { agree, first, type Stated } from './agree.ts'
import { type FrontendView, said } from './frontend-view.ts'
import { isSound, type World } from './scope.ts'

export const frontendListeners = (
  world: World,
  views: readonly FrontendView[],
): readonly FrontendListener[] => portsOf(views).map((port) => listenerOf(world, views, port))

const portsOf = (views: readonly FrontendView[]): readonly number[] => {
  const ports = views.flatMap(({ view, mapping }) =>
    isSound(view.scope) ? [...(mapping.value?.keys() ?? [])] : [],
  )
  return [...new Set(ports)].toSorted((a, b) => a - b)
}

function listenerOf(world: World, views: readonly FrontendView[], port: number): FrontendListener {
  const on = views.filter(({ mapping }) => mapping.value?.has(port) || mapping.broken)
  const settle = <T>(what: string, field: string, otherwise: T, pick: (view: FrontendView) => Stated<T>) =>
    agree(
      said(on, pick),
      { what: `${what} of frontend NLB port ${port}`, field, show: (all) => all.join(' | ') },
      otherwise,
    ) ?? { is: otherwise }
  const targetPort = settle('Target Port', keyOf(declared.listenerPortMapping), port, ({ mapping }) => {
    const value = mapping.value?.get(port)
    return { ...(value === undefined ? {} : { value }), ...(mapping.broken ? { broken: true } : {}) }
  })
  const part = <Part extends keyof HealthCheckParts>(name: Part): Choice<HealthCheckParts[Part]> => {
    const declaration = declared.healthCheck[name]
    return settle(
      name.charAt(0).toUpperCase() + name.slice(1),
      keyOf(declaration),
      declaration.default as HealthCheckParts[Part],
      ({ healthCheck }) => healthCheck[name],
    )
  }
  const healthCheck: FrontendHealthCheck = {
    port: part('port'),
    protocol: part('protocol'),
    path: part('path'),
    codes: part('codes'),
    intervalSeconds: part('intervalSeconds'),
    timeoutSeconds: part('timeoutSeconds'),
    healthyThresholdCount: part('healthyThresholdCount'),
    unhealthyThresholdCount: part('unhealthyThresholdCount'),
  }
  const { stack, settings, facts } = world
  return {
    ref: { ref: 'listener', stack, id: frontendListenerId(port) },
    port,
    targetPort,
    targetGroup: {
      ref: { ref: 'targetGroup', stack, id: frontendTargetGroupId(port) },
      name: frontendTargetGroupName(settings.clusterName, stack, {
        port,
        checkPort: first(healthCheck.port) ?? '',
        checkProtocol: first(healthCheck.protocol) ?? '',
      }),
      vpcId: facts.vpcId,
      healthCheck,
    },
  }
}
