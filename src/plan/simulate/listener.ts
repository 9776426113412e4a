/** Steps on listeners, tried. */
import type { ActualListener } from '../../model/actual.ts'
import { listenerDefaults } from '../default-attribute.ts'
import type { Name } from '../step.ts'
import { type Arm, changed, created, drop, put, refuse, resolve, resolveActions, type Sim } from './sim.ts'

const on = (sim: Sim, name: Name, change: (one: ActualListener) => ActualListener): Sim => {
  const arn = resolve(sim, name)
  return changed(sim, { listeners: put(sim.actual.listeners, (one) => one.arn === arn, change) })
}

export const createListener: Arm<'CreateListener'> = (sim, step) => {
  const loadBalancerArn = resolve(sim, step.loadBalancer)
  const { port, protocol, tags, sslPolicy, mutualAuthentication, certificate } = step
  if (sim.actual.listeners.some((one) => one.port === port && one.loadBalancerArn === loadBalancerArn))
    refuse('DuplicateListener')
  const defaultActions = resolveActions(sim, step.defaultActions)
  return created(sim, 'listener', step.ref, (arn) => ({
    listeners: [
      ...sim.actual.listeners,
      {
        arn,
        loadBalancerArn,
        port,
        protocol,
        defaultActions,
        certificates: certificate === undefined ? [] : [certificate],
        tags,
        attributes: listenerDefaults,
        ...(sslPolicy === undefined ? {} : { sslPolicy }),
        ...(mutualAuthentication === undefined ? {} : { mutualAuthentication }),
      },
    ],
  }))
}

export const modifyListener: Arm<'ModifyListener'> = (sim, step) =>
  on(sim, step.listener, ({ sslPolicy, mutualAuthentication, ...one }) => {
    const protocol = step.protocol ?? one.protocol
    const [now, ...others] = one.certificates
    const first = step.certificate ?? now
    const policy = step.sslPolicy ?? sslPolicy
    const mutual = step.mutualAuthentication ?? mutualAuthentication
    // What only HTTPS has goes with it.
    const secure = protocol === 'HTTPS'
    return {
      ...one,
      protocol,
      defaultActions: step.defaultActions ? resolveActions(sim, step.defaultActions) : one.defaultActions,
      certificates: secure && first !== undefined ? [first, ...others] : [],
      ...(secure && policy !== undefined ? { sslPolicy: policy } : {}),
      ...(secure && mutual !== undefined ? { mutualAuthentication: mutual } : {}),
    }
  })

export const listenerAttributes: Arm<'ModifyListenerAttributes'> = (sim, { listener, attributes }) =>
  on(sim, listener, (one) => ({ ...one, attributes: { ...one.attributes, ...attributes } }))

export const addCertificate: Arm<'AddListenerCertificates'> = (sim, { listener, certificate }) =>
  on(sim, listener, (one) => ({ ...one, certificates: [...one.certificates, certificate] }))

export const removeCertificate: Arm<'RemoveListenerCertificates'> = (sim, { listener, certificate }) =>
  on(sim, listener, (one) => {
    const [first, ...others] = one.certificates
    if (first === certificate) refuse('OperationNotPermitted')
    return {
      ...one,
      certificates: [
        ...(first === undefined ? [] : [first]),
        ...others.filter((other) => other !== certificate),
      ],
    }
  })

export const deleteListener: Arm<'DeleteListener'> = (sim, { listener }) =>
  changed(sim, {
    listeners: drop(sim.actual.listeners, ({ arn }) => arn === listener),
    rules: sim.actual.rules.filter(({ listenerArn }) => listenerArn !== listener),
  })
