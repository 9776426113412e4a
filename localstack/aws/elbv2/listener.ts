/** CreateListener, DescribeListeners, ModifyListener, DeleteListener. */
import type {
  CreateListenerInput,
  CreateListenerOutput,
  DeleteListenerInput,
  DeleteListenerOutput,
  DescribeListenersInput,
  DescribeListenersOutput,
  Listener,
  ModifyListenerInput,
  ModifyListenerOutput,
  ProtocolEnum,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { ListenerRecord, LoadBalancerRecord, RuleRecord } from '../account.ts'
import type { Context } from '../service.ts'
import { setTags } from '../tag.ts'
import { actionsOut, type ActionsOut } from './action.ts'
import { defaultRuleArn, listenerArn } from './arn.ts'
import { groupsNamed, settleUse } from './association.ts'
import { compact } from './compact.ts'
import { listenerAttributes } from './listener-attribute.ts'
import { checkProtocol, isNetwork } from './listener-protocol.ts'
import { removeListener } from './listener-removal.ts'
import { isSecure, securityOut } from './listener-security.ts'
import { listenerOf, listenersOf, loadBalancerOf, seen, seenOrMissing } from './lookup.ts'
import { page } from './page.ts'
import { quota } from './quota.ts'
import { between, constraint, invalid, refuse } from './refuse.ts'
import { checkTags } from './tag.ts'
import { refuseTargetPort } from './target-load-balancer.ts'

/** On recollection: as many as load balancers and target groups. */
const maxArns = 20

export function createListener(input: CreateListenerInput, context: Context): CreateListenerOutput {
  const { account, ids, now } = context
  const loadBalancer = loadBalancerOf(context, input.LoadBalancerArn)
  checkTags(context, input.Tags)
  const { Port: port = invalid('A listener port must be specified') } = input
  const taken = onPort(context, loadBalancer, port)
  const { actions, wire, clientSecret } = wantedListener(input, context, loadBalancer, port, taken)
  if (taken) {
    if (!sameListener(taken.wire, wire)) refuseDuplicate(loadBalancer)
    return { Listeners: [taken.wire] }
  }
  const max = quota(
    account,
    isNetwork(loadBalancer)
      ? 'listeners-per-network-load-balancer'
      : 'listeners-per-application-load-balancer',
  )
  if (listenersOf(context, loadBalancer.arn).length >= max)
    refuse('TooManyListeners', `The maximum number of listeners per load balancer '${max}' has been reached`)
  const arn = listenerArn(loadBalancer.arn, ids.hex('listener', 16))
  const record: ListenerRecord = {
    arn,
    loadBalancerArn: loadBalancer.arn,
    wire: { ListenerArn: arn, LoadBalancerArn: loadBalancer.arn, ...wire },
    attributes: listenerAttributes(wire.Protocol),
    sniCertificates: [],
    createdAt: now,
  }
  account.listeners.set(arn, record)
  putDefaultRule(context, record, { actions, ...(clientSecret === undefined ? {} : { clientSecret }) })
  setTags(account, arn, input.Tags)
  settleUse(context, groupsNamed(actions))
  account.changed()
  return { Listeners: [record.wire] }
}

function onPort(
  context: Context,
  loadBalancer: LoadBalancerRecord,
  port: number,
): ListenerRecord | undefined {
  return listenersOf(context, loadBalancer.arn).find(({ wire }) => wire.Port === port)
}
function refuseDuplicate({ arn }: LoadBalancerRecord): never {
  return refuse('DuplicateListener', `A listener already exists on this port for this load balancer '${arn}'`)
}

function wantedListener(
  input: CreateListenerInput,
  context: Context,
  loadBalancer: LoadBalancerRecord,
  port: number,
  taken: ListenerRecord | undefined,
): ActionsOut & { readonly wire: Listener } {
  const protocol = checkProtocol(loadBalancer, input.Protocol)
  between('port', port, 1, 65_535)
  if (input.AlpnPolicy?.length && !isNetwork(loadBalancer))
    invalid('An ALPN policy cannot be specified for application load balancers')
  const holder = { ...(taken ? { arn: taken.arn } : {}), loadBalancer, protocol, port }
  const out = actionsOut(context, holder, input.DefaultActions)
  const security = securityOut(context, protocol, input)
  const wire = compact<Listener>({
    Port: port,
    Protocol: input.Protocol,
    ...security,
    DefaultActions: out.actions,
  })
  return { ...out, wire }
}

function sameListener(a: Listener, b: Listener): boolean {
  const settings = (wire: Listener): string =>
    JSON.stringify([
      wire.Protocol,
      wire.SslPolicy,
      wire.Certificates,
      wire.MutualAuthentication,
      wire.DefaultActions,
    ])
  return settings(a) === settings(b)
}

function defaultRule({ account }: Context, listener: ListenerRecord): RuleRecord | undefined {
  return account.rules.get(defaultRuleArn(listener.arn))
}
function putDefaultRule(context: Context, listener: ListenerRecord, out: ActionsOut): void {
  const arn = defaultRuleArn(listener.arn)
  const { createdAt } = listener
  context.account.rules.set(arn, {
    arn,
    listenerArn: listener.arn,
    wire: {
      RuleArn: arn,
      Priority: 'default',
      Conditions: [],
      Actions: out.actions,
      IsDefault: true,
      Transforms: [],
    },
    ...(out.clientSecret === undefined ? {} : { clientSecret: out.clientSecret }),
    ...(createdAt === undefined ? {} : { createdAt }),
  })
}

export function describeListeners(input: DescribeListenersInput, context: Context): DescribeListenersOutput {
  const { items, NextMarker } = page(selected(input, context), input, ({ arn }) => arn)
  return { Listeners: items.map(({ wire }) => wire), NextMarker }
}

function selected(input: DescribeListenersInput, context: Context): ListenerRecord[] {
  const { LoadBalancerArn, ListenerArns: arns = [] } = input
  if (Boolean(LoadBalancerArn) === arns.length > 0)
    invalid('You must specify either listener ARNs or a load balancer ARN')
  if (arns.length > maxArns)
    constraint('listenerArns', `[${arns.length}]`, `have length less than or equal to ${maxArns}`)
  if (arns.length > 0) return arns.map((arn) => seenOrMissing(context, 'listener', listenerOf(context, arn)))
  const loadBalancer = seenOrMissing(context, 'load balancer', loadBalancerOf(context, LoadBalancerArn))
  return listenersOf(context, loadBalancer.arn).filter((record) => seen(context, record))
}

export function modifyListener(input: ModifyListenerInput, context: Context): ModifyListenerOutput {
  const { account } = context
  const record = listenerOf(context, input.ListenerArn)
  const loadBalancer = loadBalancerOf(context, record.loadBalancerArn)
  const protocol = checkProtocol(loadBalancer, input.Protocol ?? record.wire.Protocol)
  const { Port: port = record.wire.Port ?? 0 } = input
  between('port', port, 1, 65_535)
  if (port !== record.wire.Port) {
    refuseTargetPort(context, record)
    if (onPort(context, loadBalancer, port)) refuseDuplicate(loadBalancer)
  }
  const rule = defaultRule(context, record)
  const before = record.wire.DefaultActions
  const out = actionsOut(
    context,
    { arn: record.arn, loadBalancer, protocol, port, clientSecret: rule?.clientSecret },
    input.DefaultActions ?? withExistingSecret(before),
  )
  const security = securityOut(context, protocol, input, record.wire)
  const { Certificates: _, SslPolicy: __, MutualAuthentication: ___, ...rest } = record.wire
  const attributes = listenerAttributes(protocol, record.attributes)
  record.attributes.clear()
  for (const [key, value] of attributes) record.attributes.set(key, value)
  record.wire = {
    ...rest,
    Port: port,
    Protocol: protocol as ProtocolEnum,
    ...security,
    DefaultActions: out.actions,
  }
  if (!isSecure(protocol)) record.sniCertificates = []
  putDefaultRule(context, record, out)
  settleUse(context, [...groupsNamed(before), ...groupsNamed(out.actions)])
  account.changed()
  return { Listeners: [record.wire] }
}

/** Actions that stay are checked again under the new protocol, and keep their secret. */
function withExistingSecret(actions: Listener['DefaultActions']): Listener['DefaultActions'] {
  return actions?.map((action) =>
    action.AuthenticateOidcConfig
      ? {
          ...action,
          AuthenticateOidcConfig: { ...action.AuthenticateOidcConfig, UseExistingClientSecret: true },
        }
      : action,
  )
}

export function deleteListener(input: DeleteListenerInput, context: Context): DeleteListenerOutput {
  const record = listenerOf(context, input.ListenerArn)
  refuseTargetPort(context, record)
  settleUse(context, removeListener(context, record))
  context.account.changed()
  return {}
}
