/** EC2: the actions that a controller of load balancers calls. */
import * as module from '@aws-sdk/client-ec2'
import { Fault, type Action, type Service } from '../service.ts'
import { allocateAddress, describeAddresses, releaseAddress } from './elastic-address.ts'
import { describeInstances, describeNetworkInterfaces } from './instance.ts'
import {
  describeAvailabilityZones,
  describeInternetGateways,
  describeRouteTables,
  describeSubnets,
  describeVpcs,
} from './network.ts'
import { createNetworkInterface, deleteNetworkInterface } from './own-interface.ts'
import {
  authorizeSecurityGroupIngress,
  describeSecurityGroupRules,
  revokeSecurityGroupIngress,
} from './rule.ts'
import { createSecurityGroup, deleteSecurityGroup, describeSecurityGroups } from './security-group.ts'
import { createTags, deleteTags, describeTags } from './tag.ts'

const actions: Readonly<Record<string, Action>> = {
  AllocateAddress: allocateAddress,
  AuthorizeSecurityGroupIngress: authorizeSecurityGroupIngress,
  CreateNetworkInterface: createNetworkInterface,
  CreateSecurityGroup: createSecurityGroup,
  CreateTags: createTags,
  DeleteNetworkInterface: deleteNetworkInterface,
  DeleteSecurityGroup: deleteSecurityGroup,
  DeleteTags: deleteTags,
  DescribeAddresses: describeAddresses,
  DescribeAvailabilityZones: describeAvailabilityZones,
  DescribeInstances: describeInstances,
  DescribeInternetGateways: describeInternetGateways,
  DescribeNetworkInterfaces: describeNetworkInterfaces,
  DescribeRouteTables: describeRouteTables,
  DescribeSecurityGroupRules: describeSecurityGroupRules,
  DescribeSecurityGroups: describeSecurityGroups,
  DescribeSubnets: describeSubnets,
  DescribeTags: describeTags,
  DescribeVpcs: describeVpcs,
  ReleaseAddress: releaseAddress,
  RevokeSecurityGroupIngress: revokeSecurityGroupIngress,
}

/** Every EC2 action takes DryRun; it must never act. */
function unlessDry(action: Action): Action {
  return (input: never, context) => {
    if ((input as { readonly DryRun?: boolean }).DryRun)
      throw new Fault('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412)
    return action(input, context)
  }
}

export const ec2: Service = {
  signingName: 'ec2',
  protocol: 'ec2',
  version: '2016-11-15',
  xmlns: 'http://ec2.amazonaws.com/doc/2016-11-15/',
  module,
  actions: Object.fromEntries(Object.entries(actions).map(([name, action]) => [name, unlessDry(action)])),
}
