/** What the backend of a path does with a request: forward, or what `actions.<name>` says (`albc-model` 8). */
import { keyOf } from '../../annotation/define.ts'
import { type ActionConfig, actions as actionsAnnotation } from '../../annotation/rule.ts'
import type { Action, FixedResponseAction, ForwardAction, ForwardTuple } from '../action.ts'
import type { IngressBackend, Service } from '../cluster.ts'
import { awaitFact, fault, parsedOf, refuse, type Scope, serviceOf, take, warn } from './scope.ts'
import { tellOfService } from './service-annotation.ts'
import type { GroupShape } from './target-group.ts'
import { targetGroupOf } from './target-group.ts'

export type Backend = {
  readonly routing: Action
  /** The only Service that is forwarded to: its annotations count for authentication. */
  readonly service?: Service
}
type Tuple = NonNullable<NonNullable<ActionConfig['forwardConfig']>['targetGroups']>[number]

const unavailable = (messageBody: string): FixedResponseAction => ({
  type: 'fixed-response',
  contentType: 'text/plain',
  statusCode: '503',
  messageBody,
})

export function backendOf(scope: Scope, backend: IngressBackend, shape: GroupShape): Backend | undefined {
  const { service } = backend
  if (!service)
    return fault(scope, 'InvalidBackend', {
      field: 'spec.rules.http.paths.backend',
      message: 'missing required "service" field',
      remedy: 'Name a Service in the backend: a resource backend can not be served.',
    })
  const port = service.port?.name || service.port?.number
  if (service.port?.name === 'use-annotation') return annotated(scope, service.name, shape)
  if (port === undefined)
    return fault(scope, 'InvalidBackend', {
      field: 'spec.rules.http.paths.backend.service.port',
      message: `missing port of Service ${service.name}`,
      remedy: 'Give the backend a port name or a port number.',
    })
  return forward(scope, { targetGroups: [{ serviceName: service.name, servicePort: port }] }, shape)
}

function annotated(scope: Scope, name: string, shape: GroupShape): Backend | undefined {
  const key = keyOf(actionsAnnotation, name)
  const read = parsedOf(scope, actionsAnnotation, name)
  const config = take(scope, read)
  if (!read.ok) return undefined
  if (config === undefined) {
    const tolerated = scope.world.settings.tolerateNonExistentBackendAction
    const told = {
      field: key,
      message: `missing ${actionsAnnotation.name}${name} configuration`,
      remedy: `Add the annotation ${key}${tolerated ? '; until then the path answers 503' : ''}.`,
    }
    if (!tolerated) return fault(scope, 'InvalidBackend', told)
    warn(scope, 'InvalidBackend', told)
    return { routing: unavailable('Backend action does not exist') }
  }
  const bad = (message: string): undefined =>
    refuse(scope, key, `${message} (${key})`, `Correct ${key}: it takes ${actionsAnnotation.parser.allowed}.`)
  switch (config.type) {
    case 'fixed-response':
      return fixedResponse(config, bad)
    case 'redirect':
      return redirect(config, bad)
    case 'forward':
      return forwardConfig(scope, config, shape, bad)
    default:
      return bad(`unknown action type: ${config.type ?? ''}`)
  }
}

type Bad = (message: string) => undefined
/** Without its absent members. */
const present = <T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }

function fixedResponse({ fixedResponseConfig: config }: ActionConfig, bad: Bad): Backend | undefined {
  if (!config) return bad('missing FixedResponseConfig')
  const { statusCode, ...rest } = config
  if (!statusCode) return bad('invalid FixedResponseConfig: statusCode is required')
  return { routing: { type: 'fixed-response', statusCode, ...present(rest) } }
}

function redirect({ redirectConfig: config }: ActionConfig, bad: Bad): Backend | undefined {
  if (!config) return bad('missing RedirectConfig')
  const { statusCode, ...rest } = config
  if (!statusCode) return bad('invalid RedirectConfig: statusCode is required')
  return { routing: { type: 'redirect', statusCode, ...present(rest) } }
}

function forwardConfig(
  scope: Scope,
  { targetGroupARN, targetGroupName, forwardConfig: config }: ActionConfig,
  shape: GroupShape,
  bad: Bad,
): Backend | undefined {
  const simple = targetGroupARN !== undefined || targetGroupName !== undefined
  if (simple && config) return bad('either ForwardConfig or TargetGroupARN/TargetGroupName can be specified')
  if (simple) return forward(scope, { targetGroups: [present({ targetGroupARN, targetGroupName })] }, shape)
  if (!config) return bad('missing ForwardConfig or TargetGroupARN/TargetGroupName')
  const tuples = config.targetGroups ?? []
  for (const tuple of tuples) {
    const wrong = tupleMistake(tuple)
    if (wrong !== undefined) return bad(`invalid ForwardConfig: invalid TargetGroupTuple: ${wrong}`)
  }
  if (tuples.length > 1 && tuples.some(({ weight }) => weight === undefined))
    return bad('invalid ForwardConfig: weight must be set when route to multiple target groups')
  if (tuples.length > 1 && !scope.world.settings.featureGates.WeightedTargetGroups)
    return bad('weighted target groups feature is disabled')
  return forward(scope, config, shape)
}

function tupleMistake(tuple: Tuple): string | undefined {
  const byGroup = tuple.targetGroupARN !== undefined || tuple.targetGroupName !== undefined
  if (!byGroup && tuple.serviceName === undefined)
    return 'missing serviceName or targetGroupARN/targetGroupName'
  if (byGroup && tuple.serviceName !== undefined)
    return 'either serviceName or targetGroupARN/targetGroupName can be specified'
  return !byGroup && tuple.servicePort === undefined ? 'missing servicePort' : undefined
}

function forward(
  scope: Scope,
  config: NonNullable<ActionConfig['forwardConfig']>,
  shape: GroupShape,
): Backend | undefined {
  const tuples = config.targetGroups ?? []
  const only = tuples.length === 1 ? tuples[0]?.serviceName : undefined
  const missing = tuples.find(
    ({ serviceName }) => serviceName !== undefined && !serviceOf(scope, serviceName),
  )?.serviceName
  if (missing !== undefined) return serviceMissing(scope, missing, only !== undefined)
  const resolved = tuples.map((tuple) => resolve(scope, tuple, shape))
  const targetGroups = resolved.filter((tuple) => tuple !== undefined)
  if (targetGroups.length < tuples.length) return undefined
  const stickiness = config.targetGroupStickinessConfig
  const routing: ForwardAction = {
    type: 'forward',
    targetGroups,
    ...(stickiness ? { stickiness: present(stickiness) } : {}),
  }
  const service = only === undefined ? undefined : serviceOf(scope, only)
  return service ? { routing, service } : { routing }
}

function serviceMissing(scope: Scope, name: string, alone: boolean): Backend | undefined {
  const key = `${scope.member.ingress.metadata.namespace}/${name}`
  const tolerated = alone && scope.world.settings.tolerateNonExistentBackendService
  const told = {
    field: 'spec.rules.http.paths.backend.service.name',
    message: `Service "${name}" not found`,
    remedy: `Create Service ${key}, or name another in the backend${tolerated ? '; until then the path answers 503' : ''}.`,
  }
  if (!tolerated) return fault(scope, 'ServiceMissing', told)
  warn(scope, 'ServiceMissing', told)
  return { routing: unavailable('Backend service does not exist') }
}

function resolve(scope: Scope, tuple: Tuple, shape: GroupShape): ForwardTuple | undefined {
  const weight = tuple.weight === undefined ? {} : { weight: tuple.weight }
  if (tuple.targetGroupARN !== undefined) return { targetGroup: tuple.targetGroupARN, ...weight }
  if (tuple.serviceName === undefined) {
    const arn = namedTargetGroup(scope, tuple.targetGroupName ?? '')
    return arn === undefined ? undefined : { targetGroup: arn, ...weight }
  }
  const service = serviceOf(scope, tuple.serviceName)
  if (service) tellOfService(scope.world, service)
  const made = service && targetGroupOf(scope, service, tuple.servicePort ?? 0, shape)
  return made ? { targetGroup: made.ref, ...weight } : undefined
}

function namedTargetGroup(scope: Scope, name: string): string | undefined {
  const { namedTargetGroups } = scope.world.facts
  if (namedTargetGroups?.has(name) !== true)
    return awaitFact(scope, ({ targetGroups }) => void targetGroups.add(name))
  return (
    namedTargetGroups.get(name) ??
    fault(scope, 'NamedTargetGroupNotFound', {
      field: 'targetGroupName',
      message: `searching TargetGroup with name ${name}: found none`,
      remedy: 'Correct targetGroupName, or write the ARN of the target group in targetGroupARN.',
    })
  )
}
