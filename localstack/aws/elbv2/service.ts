/** Elastic Load Balancing v2 of the local AWS: application load balancers. */
import * as module from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Service } from '../service.ts'
import { describeCapacityReservation, modifyCapacityReservation } from './capacity.ts'
import { describeListenerAttributes, modifyListenerAttributes } from './listener-attribute.ts'
import {
  addListenerCertificates,
  describeListenerCertificates,
  removeListenerCertificates,
} from './listener-certificate.ts'
import { createListener, deleteListener, describeListeners, modifyListener } from './listener.ts'
import { describeLoadBalancerAttributes, modifyLoadBalancerAttributes } from './load-balancer-attribute.ts'
import { modifyIpPools, setIpAddressType, setSecurityGroups, setSubnets } from './load-balancer-change.ts'
import { createLoadBalancer, deleteLoadBalancer, describeLoadBalancers } from './load-balancer.ts'
import { describeAccountLimits } from './quota.ts'
import { setRulePriorities } from './rule-priority.ts'
import { createRule, deleteRule, describeRules, modifyRule } from './rule.ts'
import { describeSslPolicies } from './ssl-policy.ts'
import { addTags, describeTags, removeTags } from './tag.ts'
import { describeTargetGroupAttributes, modifyTargetGroupAttributes } from './target-group-attribute.ts'
import {
  createTargetGroup,
  deleteTargetGroup,
  describeTargetGroups,
  modifyTargetGroup,
} from './target-group.ts'
import { deregisterTargets, describeTargetHealth, registerTargets } from './target.ts'
import {
  createTrustStore,
  deleteTrustStore,
  describeTrustStoreAssociations,
  describeTrustStores,
  modifyTrustStore,
} from './trust-store.ts'

export const elbv2: Service = {
  signingName: 'elasticloadbalancing',
  protocol: 'query',
  version: '2015-12-01',
  xmlns: 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/',
  module,
  actions: {
    CreateLoadBalancer: createLoadBalancer,
    DescribeLoadBalancers: describeLoadBalancers,
    DeleteLoadBalancer: deleteLoadBalancer,
    SetSubnets: setSubnets,
    SetSecurityGroups: setSecurityGroups,
    SetIpAddressType: setIpAddressType,
    ModifyIpPools: modifyIpPools,
    DescribeLoadBalancerAttributes: describeLoadBalancerAttributes,
    ModifyLoadBalancerAttributes: modifyLoadBalancerAttributes,
    DescribeCapacityReservation: describeCapacityReservation,
    ModifyCapacityReservation: modifyCapacityReservation,
    CreateTargetGroup: createTargetGroup,
    DescribeTargetGroups: describeTargetGroups,
    ModifyTargetGroup: modifyTargetGroup,
    DeleteTargetGroup: deleteTargetGroup,
    DescribeTargetGroupAttributes: describeTargetGroupAttributes,
    ModifyTargetGroupAttributes: modifyTargetGroupAttributes,
    RegisterTargets: registerTargets,
    DeregisterTargets: deregisterTargets,
    DescribeTargetHealth: describeTargetHealth,
    CreateListener: createListener,
    DescribeListeners: describeListeners,
    ModifyListener: modifyListener,
    DeleteListener: deleteListener,
    DescribeListenerAttributes: describeListenerAttributes,
    ModifyListenerAttributes: modifyListenerAttributes,
    AddListenerCertificates: addListenerCertificates,
    RemoveListenerCertificates: removeListenerCertificates,
    DescribeListenerCertificates: describeListenerCertificates,
    CreateRule: createRule,
    DescribeRules: describeRules,
    ModifyRule: modifyRule,
    DeleteRule: deleteRule,
    SetRulePriorities: setRulePriorities,
    AddTags: addTags,
    RemoveTags: removeTags,
    DescribeTags: describeTags,
    DescribeSSLPolicies: describeSslPolicies,
    DescribeAccountLimits: describeAccountLimits,
    CreateTrustStore: createTrustStore,
    DescribeTrustStores: describeTrustStores,
    ModifyTrustStore: modifyTrustStore,
    DeleteTrustStore: deleteTrustStore,
    DescribeTrustStoreAssociations: describeTrustStoreAssociations,
  },
}
