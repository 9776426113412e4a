/** Our Desired as ALBC logs its model: the plan JSON of one group, with user tags only and references as `$ref`. */
import type { Action, TargetGroupName } from '../../src/model/action.ts'
import { type Choice, choose } from '../../src/model/choice.ts'
import type { Desired } from '../../src/model/desired.ts'
import type { FrontendListener, FrontendNlb } from '../../src/model/frontend-nlb.ts'
import { isHeld, type Listener, type Rule } from '../../src/model/listener.ts'
import type { LoadBalancer } from '../../src/model/load-balancer.ts'
import { isRef, type Ref } from '../../src/model/ref.ts'
import type { Permission, SecurityGroup } from '../../src/model/security-group.ts'
import { clusterTag, resourceTag, stackTag, type Tags } from '../../src/model/tag.ts'
import type { TargetGroup } from '../../src/model/target-group.ts'
import type { Condition, Transform } from '../../src/route/condition.ts'
import type { RecordedModel } from './load.ts'

const elb = 'AWS::ElasticLoadBalancingV2'
const types = {
  loadBalancer: [`${elb}::LoadBalancer`, 'loadBalancerARN'],
  listener: [`${elb}::Listener`, 'listenerARN'],
  targetGroup: [`${elb}::TargetGroup`, 'targetGroupARN'],
  securityGroup: ['AWS::EC2::SecurityGroup', 'groupID'],
  certificate: ['AWS::ACM::Certificate', 'certificateARN'],
} as const

export type RenderContext = {
  readonly vpcId: string
  /** Id of the shared backend security group. */
  readonly backendSecurityGroup: string | undefined
}

/** What is wanted where nothing exists yet. */
const fresh = <T>(choice: Choice<T>): T | undefined => choose(choice, undefined, () => false)

const reference = (ref: Ref) => {
  const [type, field] = types[ref.ref]
  return { $ref: `#/resources/${type}/${ref.id}/status/${field}` }
}
const group = (name: string | Ref, { backendSecurityGroup }: RenderContext) => {
  if (!isRef(name)) return name
  return name.stack === '' ? backendSecurityGroup : reference(name)
}
const targetGroup = (name: TargetGroupName) => (isRef(name) ? reference(name) : name)

const userTags = (tags: Tags): { tags?: Tags } => {
  const { [clusterTag]: _cluster, [stackTag]: _stack, [resourceTag]: _resource, ...rest } = tags
  return Object.keys(rest).length === 0 ? {} : { tags: rest }
}
const keyValues = (map: Readonly<Record<string, string>>, names: readonly [string, string]) =>
  Object.entries(map).map(([key, value]) => ({ [names[0]]: key, [names[1]]: value }))

export function render(desired: Desired, context: RenderContext): RecordedModel {
  const { loadBalancer } = desired
  const resources: Record<string, Record<string, unknown>> = {
    FrontendNLBTargetGroup: { FrontendNLBTargetGroup: { TargetGroups: {} } },
  }
  const add = (type: string, id: string, spec: unknown): void => {
    resources[type] = { ...resources[type], [id]: { spec } }
  }
  addOns(desired.loadBalancer, add)
  for (const { ref, hosts, authorityArn, tags } of desired.certificates ?? [])
    add('AWS::ACM::Certificate', ref.id, {
      type: authorityArn === undefined ? 'AMAZON_ISSUED' : 'PRIVATE',
      ...(authorityArn === undefined ? {} : { certificateAuthorityARN: authorityArn }),
      domainName: hosts[0],
      subjectAlternativeNames: hosts,
      validationMethod: 'DNS',
      keyAlgorithm: '',
      ...userTags(tags),
    })
  for (const one of desired.securityGroups) add('AWS::EC2::SecurityGroup', one.ref.id, securityGroup(one))
  if (loadBalancer) add(types.loadBalancer[0], loadBalancer.ref.id, balancer(loadBalancer, context))
  for (const listener of desired.listeners) {
    add(types.listener[0], listener.ref.id, listenerSpec(listener))
    listener.rules.forEach((item, index) => {
      const id = `${listener.port}:${index + 1}`
      add(`${elb}::ListenerRule`, id, isHeld(item) ? item : rule(item, listener, index + 1))
    })
  }
  for (const one of desired.targetGroups) {
    add(types.targetGroup[0], one.ref.id, targetGroupSpec(one))
    add('K8S::ElasticLoadBalancingV2::TargetGroupBinding', one.ref.id, binding(one, context))
  }
  const { frontendNlb } = desired
  if (loadBalancer && frontendNlb && fresh(frontendNlb.enabled)) {
    const targets: Record<string, unknown> = {}
    add(types.loadBalancer[0], frontendNlb.ref.id, frontend(frontendNlb, loadBalancer, context))
    for (const one of frontendNlb.listeners) {
      add(types.listener[0], one.ref.id, frontendListener(one, frontendNlb))
      add(types.targetGroup[0], one.targetGroup.ref.id, frontendTargetGroup(one, frontendNlb))
      targets[one.targetGroup.name] = {
        Name: one.targetGroup.name,
        ARN: reference(one.targetGroup.ref),
        Port: one.port,
        TargetARN: reference(loadBalancer.ref),
        TargetPort: fresh(one.targetPort),
      }
    }
    resources['FrontendNLBTargetGroup'] = { FrontendNLBTargetGroup: { TargetGroups: targets } }
  }
  return { id: desired.stack, resources }
}

function frontend(one: FrontendNlb, behind: LoadBalancer, context: RenderContext) {
  const attributes = keyValues(fresh(one.attributes) ?? {}, ['key', 'value'])
  return {
    name: one.name[fresh(behind.scheme) ?? 'internal'],
    type: 'network',
    scheme: fresh(one.scheme),
    ipAddressType: fresh(one.ipAddressType),
    subnetMapping: (fresh(one.subnets) ?? []).map((subnetID, at) => {
      const allocationID = one.addresses[at]
      return { subnetID, ...(allocationID === undefined ? {} : { allocationID }) }
    }),
    securityGroups: (fresh(one.securityGroups) ?? []).map((name) => group(name, context)),
    ...(attributes.length > 0 ? { loadBalancerAttributes: attributes } : {}),
    ...userTags(fresh(one.tags) ?? {}),
  }
}

const frontendListener = ({ port, targetGroup: to }: FrontendListener, { ref, tags }: FrontendNlb) => ({
  loadBalancerARN: reference(ref),
  port,
  protocol: 'TCP',
  defaultActions: [
    { type: 'forward', forwardConfig: { targetGroups: [{ targetGroupARN: reference(to.ref) }] } },
  ],
  ...userTags(fresh(tags) ?? {}),
})

function frontendTargetGroup(
  { port, targetGroup: { name, healthCheck } }: FrontendListener,
  { tags }: FrontendNlb,
) {
  const check = fresh(healthCheck.port) ?? ''
  return {
    name,
    targetType: 'alb',
    port,
    protocol: 'TCP',
    ipAddressType: 'ipv4',
    healthCheckConfig: {
      port: check === 'traffic-port' ? check : Number(check),
      protocol: fresh(healthCheck.protocol),
      path: fresh(healthCheck.path),
      matcher: { httpCode: fresh(healthCheck.codes) },
      intervalSeconds: fresh(healthCheck.intervalSeconds),
      timeoutSeconds: fresh(healthCheck.timeoutSeconds),
      healthyThresholdCount: fresh(healthCheck.healthyThresholdCount),
      unhealthyThresholdCount: fresh(healthCheck.unhealthyThresholdCount),
    },
    ...userTags(fresh(tags) ?? {}),
  }
}

type Add = (type: string, id: string, spec: unknown) => void

function addOns(loadBalancer: LoadBalancer | undefined, add: Add): void {
  if (!loadBalancer) return
  const { ref, webAcl, classicWebAcl, shield } = loadBalancer
  const resourceARN = reference(ref)
  if (webAcl) add('AWS::WAFv2::WebACLAssociation', ref.id, { webACLARN: fresh(webAcl.choice), resourceARN })
  if (classicWebAcl)
    add('AWS::WAFRegional::WebACLAssociation', ref.id, { webACLID: fresh(classicWebAcl.choice), resourceARN })
  if (shield) add('AWS::Shield::Protection', ref.id, { enabled: fresh(shield.choice), resourceARN })
}

const securityGroup = ({ name, description, tags, ingress }: SecurityGroup) => ({
  groupName: name,
  description,
  ...userTags(tags),
  ingress: ingress.map(permission),
})

function permission({ protocol, fromPort, toPort, source }: Permission) {
  const start = { ipProtocol: protocol, fromPort, toPort }
  if ('cidr' in source) return { ...start, ipRanges: [{ cidrIP: source.cidr }] }
  if ('cidrV6' in source) return { ...start, ipv6Ranges: [{ cidrIPv6: source.cidrV6 }] }
  if ('prefixListId' in source) return { ...start, prefixLists: [{ listID: source.prefixListId }] }
  return { ...start, userIDGroupPairs: [{ groupID: source.securityGroup }] }
}

function balancer(one: LoadBalancer, context: RenderContext) {
  const scheme = fresh(one.scheme) ?? 'internal'
  const attributes = keyValues(one.attributes, ['key', 'value'])
  return {
    name: one.name[scheme],
    type: 'application',
    scheme,
    ipAddressType: fresh(one.ipAddressType),
    subnetMapping: (fresh(one.subnets) ?? []).map((subnetID) => ({ subnetID })),
    securityGroups: (fresh(one.securityGroups) ?? []).map((name) => group(name, context)),
    ...(attributes.length > 0 ? { loadBalancerAttributes: attributes } : {}),
    ...(one.ipamPool ? { ipv4IPAMPool: fresh(one.ipamPool.choice) } : {}),
    ...userTags(one.tags),
  }
}

/** ALBC loses the ARNs of those that were there. */
const certificateReference = (name: string) => ({
  $ref: name.startsWith('certificate:')
    ? `#/resources/AWS::ACM::Certificate/${name.split(':').slice(2).join(':')}/status/certificateARN`
    : '#/resources///status/certificateARN',
})

function listenerSpec(one: Listener) {
  const attributes = keyValues(one.attributes, ['Key', 'Value'])
  const certificates = fresh(one.certificates) ?? []
  return {
    loadBalancerARN: reference({ ref: 'loadBalancer', stack: '', id: 'LoadBalancer' }),
    port: one.port,
    protocol: one.protocol,
    defaultActions: (fresh(one.defaultActions) ?? []).map(action),
    ...(certificates.length > 0
      ? { certificates: certificates.map((name) => ({ certificateARN: certificateReference(name) })) }
      : {}),
    ...(one.sslPolicy ? { sslPolicy: fresh(one.sslPolicy) } : {}),
    ...(one.mutualAuthentication ? { mutualAuthentication: fresh(one.mutualAuthentication) } : {}),
    ...(attributes.length > 0 ? { listenerAttributes: attributes } : {}),
    ...userTags(one.tags),
  }
}

const rule = (one: Rule, listener: Listener, priority: number) => ({
  listenerARN: reference(listener.ref),
  priority,
  actions: one.actions.map(action),
  conditions: one.conditions.map(condition),
  ...(one.transforms.length > 0 ? { transforms: one.transforms.map(transform) } : {}),
  ...userTags(one.tags),
})

const camel = (field: string): string => field.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

function condition({ field, ...content }: Condition) {
  const name = field === 'source-ip' ? 'sourceIPConfig' : `${camel(field)}Config`
  return { field, [name]: content }
}

const transform = ({ type, rewrites }: Transform) => ({ type, [`${camel(type)}Config`]: { rewrites } })

function action(one: Action) {
  switch (one.type) {
    case 'forward': {
      const { targetGroups, stickiness } = one
      return {
        type: one.type,
        forwardConfig: {
          targetGroups: targetGroups.map(({ targetGroup: name, ...rest }) => ({
            targetGroupARN: targetGroup(name),
            ...rest,
          })),
          ...(stickiness ? { targetGroupStickinessConfig: stickiness } : {}),
        },
      }
    }
    case 'authenticate-cognito': {
      const { type, userPoolArn, userPoolClientId, sessionTimeoutSeconds, ...rest } = one
      return {
        type,
        authenticateCognitoConfig: {
          ...rest,
          userPoolARN: userPoolArn,
          userPoolClientID: userPoolClientId,
          sessionTimeout: sessionTimeoutSeconds,
        },
      }
    }
    case 'authenticate-oidc': {
      const { type, client: _id, credentials: _secret, sessionTimeoutSeconds, ...rest } = one
      const hidden = { clientID: '[REDACTED]', clientSecret: '[REDACTED]' }
      return {
        type,
        authenticateOIDCConfig: { ...rest, ...hidden, sessionTimeout: sessionTimeoutSeconds },
      }
    }
    default: {
      const { type, ...config } = one
      return { type, [`${camel(type)}Config`]: config }
    }
  }
}

const targetGroupSpec = (one: TargetGroup) => {
  const attributes = keyValues(one.attributes, ['key', 'value'])
  return {
    name: one.name,
    targetType: one.targetType,
    port: one.port,
    protocol: one.protocol,
    protocolVersion: one.protocolVersion,
    ipAddressType: one.ipAddressType,
    healthCheckConfig: {
      ...one.healthCheck,
      port: one.healthCheck.port === 'traffic-port' ? 'traffic-port' : Number(one.healthCheck.port),
    },
    ...(one.targetControlPort === undefined ? {} : { targetControlPort: one.targetControlPort }),
    ...(attributes.length > 0 ? { targetGroupAttributes: attributes } : {}),
    ...userTags(one.tags),
  }
}

function binding(one: TargetGroup, context: RenderContext) {
  const { namespace, name, labels: _labels, networking, ...spec } = one.binding
  const ingress = networking?.ingress.map(({ from, ports }) => ({
    from: from.map((source) => ({ securityGroup: { groupID: group(source, context) } })),
    ports,
  }))
  return {
    template: {
      metadata: { name, namespace },
      spec: {
        targetGroupARN: reference(one.ref),
        targetType: one.targetType,
        ...spec,
        ...(ingress ? { networking: { ingress } } : {}),
        ipAddressType: one.ipAddressType,
        vpcID: context.vpcId,
        targetGroupProtocol: one.protocol,
      },
    },
  }
}
