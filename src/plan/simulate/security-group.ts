/** Steps on security groups, tried. */
import type { ActualSecurityGroup } from '../../model/actual.ts'
import { backendSecurityGroup, refKey } from '../../model/ref.ts'
import { permissionKey } from '../match.ts'
import type { Name } from '../step.ts'
import { type Arm, changed, created, drop, put, refuse, resolve, type Sim, without } from './sim.ts'

const on = (sim: Sim, name: Name, change: (one: ActualSecurityGroup) => ActualSecurityGroup): Sim => {
  const id = resolve(sim, name)
  return changed(sim, { securityGroups: put(sim.actual.securityGroups, (one) => one.id === id, change) })
}

export const createSecurityGroup: Arm<'CreateSecurityGroup'> = (sim, { ref, name, vpcId, tags }) =>
  created(sim, 'sg', ref, (id) =>
    refKey(ref) === refKey(backendSecurityGroup)
      ? { backendSecurityGroup: id }
      : { securityGroups: [...sim.actual.securityGroups, { id, name, vpcId, tags, ingress: [] }] },
  )

export const authorize: Arm<'AuthorizeSecurityGroupIngress'> = (sim, { group, permissions }) =>
  on(sim, group, (one) => {
    const keys = new Set(permissions.map(permissionKey))
    if (one.ingress.some((permission) => keys.has(permissionKey(permission))))
      refuse('InvalidPermission.Duplicate')
    return { ...one, ingress: [...one.ingress, ...permissions] }
  })

export const revoke: Arm<'RevokeSecurityGroupIngress'> = (sim, { group, permissions }) =>
  on(sim, group, (one) => {
    const keys = new Set(permissions.map(permissionKey))
    return { ...one, ingress: one.ingress.filter((permission) => !keys.has(permissionKey(permission))) }
  })

export const deleteSecurityGroup: Arm<'DeleteSecurityGroup'> = (sim, { group }) => {
  const { loadBalancers, frontend, securityGroups } = sim.actual
  const users = [...loadBalancers, ...frontend.loadBalancers]
  if (users.some((one) => one.securityGroups.includes(group))) refuse('DependencyViolation')
  return changed(sim, { securityGroups: drop(securityGroups, ({ id }) => id === group) })
}

export const createTags: Arm<'CreateTags'> = (sim, { group, tags }) =>
  on(sim, group, (one) => ({ ...one, tags: { ...one.tags, ...tags } }))

export const deleteTags: Arm<'DeleteTags'> = (sim, { group, keys }) =>
  on(sim, group, (one) => ({ ...one, tags: without(one.tags, keys) }))
