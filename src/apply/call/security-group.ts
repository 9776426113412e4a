/** Calls on security groups and their tags. */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteSecurityGroupCommand,
  DeleteTagsCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2'
import { byPermission, permissionKey, permissionList } from '../../aws/codec/security-group.ts'
import { tagList } from '../../aws/codec/tag.ts'
import type { Mirror } from '../../aws/mirror.ts'
import type { Permission } from '../../model/security-group.ts'
import type { Call } from '../../plan/step.ts'
import { type NameOf, type Request, request } from './request.ts'

type Of<Name extends Call['call']> = Extract<Call, { call: Name }>

export function securityGroupCall(
  call: Of<
    | 'CreateSecurityGroup'
    | 'AuthorizeSecurityGroupIngress'
    | 'RevokeSecurityGroupIngress'
    | 'DeleteSecurityGroup'
    | 'CreateTags'
    | 'DeleteTags'
  >,
  nameOf: NameOf,
  mirror: Mirror,
): Request[] {
  if (call.call === 'CreateSecurityGroup') return [create(call, mirror)]
  const id = nameOf(call.group)
  const groups = mirror.securityGroups
  switch (call.call) {
    case 'AuthorizeSecurityGroupIngress':
    case 'RevokeSecurityGroupIngress':
      return call.permissions.length === 0 ? [] : [permissions(call, id, nameOf, mirror)]
    case 'DeleteSecurityGroup':
      return [request(new DeleteSecurityGroupCommand({ GroupId: id }), () => groups.deleted(id))]
    case 'CreateTags':
      return [
        request(new CreateTagsCommand({ Resources: [id], Tags: tagList(call.tags) }), () =>
          groups.patch(id, (one) => ({ ...one, tags: { ...one.tags, ...call.tags } })),
        ),
      ]
    case 'DeleteTags':
      return [
        request(new DeleteTagsCommand({ Resources: [id], Tags: call.keys.map((Key) => ({ Key })) }), () =>
          groups.patch(id, (one) => ({
            ...one,
            tags: Object.fromEntries(Object.entries(one.tags).filter(([key]) => !call.keys.includes(key))),
          })),
        ),
      ]
  }
}

const create = (call: Of<'CreateSecurityGroup'>, mirror: Mirror): Request =>
  request(
    new CreateSecurityGroupCommand({
      GroupName: call.name,
      Description: call.description,
      VpcId: call.vpcId,
      TagSpecifications: [{ ResourceType: 'security-group', Tags: tagList(call.tags) }],
    }),
    ({ GroupId: id }) => {
      if (id === undefined) return
      mirror.securityGroups.wrote({ id, name: call.name, vpcId: call.vpcId, tags: call.tags, ingress: [] })
      mirror.made(call.ref, id)
    },
  )

function permissions(
  call: Of<'AuthorizeSecurityGroupIngress'> | Of<'RevokeSecurityGroupIngress'>,
  id: string,
  nameOf: NameOf,
  mirror: Mirror,
): Request {
  const named = call.permissions.map(
    (permission): Permission => ({
      ...permission,
      source:
        'securityGroup' in permission.source
          ? { securityGroup: nameOf(permission.source.securityGroup) }
          : permission.source,
    }),
  )
  const keys = new Set(named.map(permissionKey))
  const others = (ingress: readonly Permission[]) => ingress.filter((one) => !keys.has(permissionKey(one)))
  const input = { GroupId: id, IpPermissions: permissionList(named, nameOf) }
  if (call.call === 'AuthorizeSecurityGroupIngress')
    return request(new AuthorizeSecurityGroupIngressCommand(input), () =>
      mirror.securityGroups.patch(id, (one) => ({
        ...one,
        ingress: [...others(one.ingress), ...named].sort(byPermission),
      })),
    )
  return request(new RevokeSecurityGroupIngressCommand(input), () =>
    mirror.securityGroups.patch(id, (one) => ({ ...one, ingress: others(one.ingress) })),
  )
}
