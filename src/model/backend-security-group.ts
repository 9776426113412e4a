/** The shared backend security group of the cluster (`albc-model` 6.4, 10.6). */
import { backendSecurityGroupName } from './name.ts'
import { backendSecurityGroup } from './ref.ts'
import type { SecurityGroup } from './security-group.ts'
import type { Settings } from './settings.ts'
import { clusterTag, sharedResourceTag } from './tag.ts'

export const backendGroup = ({ clusterName, defaultTags }: Settings): SecurityGroup => ({
  ref: backendSecurityGroup,
  name: backendSecurityGroupName(clusterName),
  description: '[k8s] Shared Backend SecurityGroup for LoadBalancer',
  tags: { ...defaultTags, [clusterTag]: clusterName, [sharedResourceTag]: backendSecurityGroup.id },
  ingress: [],
})
