/** The actions of a rule or listener: exactly one that answers, last, after at most one that authenticates. */
import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { LoadBalancerRecord } from '../account.ts'
import type { Context } from '../service.ts'
import { authenticateOut, clientSecretOf } from './action-authenticate.ts'
import { forwardOut } from './action-forward.ts'
import { fixedResponseOut, redirectOut } from './action-respond.ts'
import { compact } from './compact.ts'
import { isNetwork } from './listener-protocol.ts'
import { among, between, invalid, refuse } from './refuse.ts'

const answers = ['forward', 'redirect', 'fixed-response']
const authenticates = ['authenticate-oidc', 'authenticate-cognito', 'jwt-validation']
const configs = {
  'authenticate-oidc': 'AuthenticateOidcConfig',
  'authenticate-cognito': 'AuthenticateCognitoConfig',
  'jwt-validation': 'JwtValidationConfig',
  redirect: 'RedirectConfig',
  'fixed-response': 'FixedResponseConfig',
  forward: 'ForwardConfig',
} as const

/** What holds the actions: its listener's protocol and port, and who it is in the counts of the load balancer. */
export type Holder = {
  readonly arn?: string
  readonly loadBalancer: LoadBalancerRecord
  readonly protocol: string
  readonly port: number
  /** What `UseExistingClientSecret` refers to. */
  readonly clientSecret?: string | undefined
}
export type ActionsOut = { readonly actions: Action[]; readonly clientSecret?: string }

export function actionsOut(
  context: Context,
  holder: Holder,
  given: readonly Action[] | undefined,
): ActionsOut {
  const ordered = inOrder(given ?? [])
  checkSequence(ordered, holder)
  const secret = clientSecretOf(ordered, holder.clientSecret)
  const actions = ordered.map((action) => actionOut(context, holder, action))
  return { actions, ...(secret === undefined ? {} : { clientSecret: secret }) }
}

function inOrder(given: readonly Action[]): Action[] {
  if (given.length === 0) invalid('At least one action must be specified')
  for (const { Order, Type } of given) {
    between('actions.order', Order, 1, 50_000)
    among('actions.type', Type, Object.keys(configs))
  }
  if (given.length === 1) return [...given]
  const orders = given.map(({ Order }) => Order)
  if (orders.includes(undefined)) invalid('An order must be specified for each of several actions')
  if (new Set(orders).size < orders.length)
    refuse('InvalidLoadBalancerAction', 'The order of each action must be unique')
  return [...given].sort((a, b) => (a.Order ?? 0) - (b.Order ?? 0))
}

function checkSequence(actions: readonly Action[], { protocol, loadBalancer }: Holder): void {
  const wrong = (message: string): never => refuse('InvalidLoadBalancerAction', message)
  const types = actions.map(({ Type }) => Type ?? '')
  if (isNetwork(loadBalancer) && types.some((type) => type !== 'forward'))
    wrong(`Actions of type '${types.join(', ')}' are not supported for network load balancers`)
  if (types.filter((type) => answers.includes(type)).length !== 1)
    wrong(`Exactly one of the actions must be one of '[${answers.join(', ')}]'`)
  if (!answers.includes(types.at(-1) ?? '')) wrong(`The last action must be one of '[${answers.join(', ')}]'`)
  const authenticating = types.filter((type) => authenticates.includes(type))
  if (authenticating.length > 1) wrong('At most one action can authenticate')
  if (authenticating.length > 0 && protocol !== 'HTTPS')
    wrong(`Actions of type '${authenticating[0]}' are supported only on HTTPS listeners`)
}

function actionOut(context: Context, holder: Holder, action: Action): Action {
  const { Type = 'forward', Order } = action
  for (const [type, config] of Object.entries(configs))
    if (type !== Type && action[config])
      invalid(`${config} cannot be specified for an action of type '${Type}'`)
  if (Type !== 'forward' && action.TargetGroupArn)
    invalid(`A target group cannot be specified for an action of type '${Type}'`)
  return compact<Action>({ Type, Order, ...configOut(context, holder, action) })
}

function configOut(context: Context, holder: Holder, action: Action): Partial<Action> {
  switch (action.Type) {
    case 'redirect':
      return { RedirectConfig: redirectOut(action.RedirectConfig, holder) }
    case 'fixed-response':
      return { FixedResponseConfig: fixedResponseOut(action.FixedResponseConfig) }
    case 'authenticate-oidc':
    case 'authenticate-cognito':
    case 'jwt-validation':
      return authenticateOut(action)
    default:
      return forwardOut(context, holder, action)
  }
}
