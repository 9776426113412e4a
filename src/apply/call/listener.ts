/** Calls on listeners. */
import {
  AddListenerCertificatesCommand,
  CreateListenerCommand,
  DeleteListenerCommand,
  ModifyListenerAttributesCommand,
  ModifyListenerCommand,
  RemoveListenerCertificatesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { actionList, type CredentialsOf } from '../../aws/codec/action.ts'
import { readListener, wireMutualAuthentication } from '../../aws/codec/listener.ts'
import { tagsMember } from '../../aws/codec/tag.ts'
import type { Mirror } from '../../aws/mirror.ts'
import type { Call } from '../../plan/step.ts'
import { attributeList, type NameOf, outgoing, type Request, request, withAttributes } from './request.ts'

type Of<Name extends Call['call']> = Extract<Call, { call: Name }>

/** What a create and a modify have in common; absent members change nothing. */
const settings = (call: Of<'CreateListener'> | Of<'ModifyListener'>) => ({
  ...(call.certificate === undefined ? {} : { Certificates: [{ CertificateArn: call.certificate }] }),
  ...(call.sslPolicy === undefined ? {} : { SslPolicy: call.sslPolicy }),
  ...(call.mutualAuthentication === undefined
    ? {}
    : { MutualAuthentication: wireMutualAuthentication(call.mutualAuthentication) }),
})

export function createListener(
  call: Of<'CreateListener'>,
  nameOf: NameOf,
  mirror: Mirror,
  credentialsOf: CredentialsOf,
): Request[] {
  const { hide, remember } = outgoing(mirror, credentialsOf, call.defaultActions)
  const create = request(
    new CreateListenerCommand({
      LoadBalancerArn: nameOf(call.loadBalancer),
      Port: call.port,
      Protocol: call.protocol,
      DefaultActions: actionList(call.defaultActions, nameOf, credentialsOf),
      ...settings(call),
      ...tagsMember(call.tags),
    }),
    ({ Listeners }) => {
      const wire = Listeners?.[0]
      if (wire === undefined) return
      const made = readListener(wire, [], call.tags)
      mirror.listeners.wrote(made)
      mirror.made(call.ref, made.arn)
      remember(made.arn)
    },
    hide,
  )
  return [create]
}

export function modifyListener(
  call: Of<'ModifyListener'>,
  nameOf: NameOf,
  mirror: Mirror,
  credentialsOf: CredentialsOf,
): Request[] {
  const arn = nameOf(call.listener)
  const { hide, remember } = outgoing(mirror, credentialsOf, call.defaultActions)
  return [
    request(
      new ModifyListenerCommand({
        ListenerArn: arn,
        ...(call.protocol === undefined ? {} : { Protocol: call.protocol }),
        ...(call.defaultActions === undefined
          ? {}
          : { DefaultActions: actionList(call.defaultActions, nameOf, credentialsOf) }),
        ...settings(call),
      }),
      ({ Listeners }) => {
        mirror.listeners.patch(arn, (old) => {
          const wire = Listeners?.[0]
          if (wire === undefined) return old
          const sni = wire.Protocol === 'HTTPS' ? old.certificates.slice(1) : []
          const read = readListener(wire, sni, old.tags)
          return old.attributes === undefined ? read : { ...read, attributes: old.attributes }
        })
        remember(arn)
      },
      hide,
    ),
  ]
}

export function listenerAttributes(
  call: Of<'ModifyListenerAttributes'>,
  nameOf: NameOf,
  mirror: Mirror,
): Request[] {
  const arn = nameOf(call.listener)
  return [
    request(
      new ModifyListenerAttributesCommand({ ListenerArn: arn, Attributes: attributeList(call.attributes) }),
      () => mirror.listeners.patch(arn, (one) => withAttributes(one, call.attributes)),
    ),
  ]
}

export function listenerCertificate(
  call: Of<'AddListenerCertificates'> | Of<'RemoveListenerCertificates'>,
  nameOf: NameOf,
  mirror: Mirror,
): Request[] {
  const arn = nameOf(call.listener)
  const { certificate } = call
  const input = { ListenerArn: arn, Certificates: [{ CertificateArn: certificate }] }
  if (call.call === 'AddListenerCertificates')
    return [
      request(new AddListenerCertificatesCommand(input), () =>
        mirror.listeners.patch(arn, (one) =>
          one.certificates.slice(1).includes(certificate)
            ? one
            : { ...one, certificates: [...one.certificates, certificate] },
        ),
      ),
    ]
  return [
    request(new RemoveListenerCertificatesCommand(input), () =>
      mirror.listeners.patch(arn, (one) => ({
        ...one,
        certificates: one.certificates.filter((other, at) => at === 0 || other !== certificate),
      })),
    ),
  ]
}

export const removeListener = ({ listener }: Of<'DeleteListener'>, _: NameOf, mirror: Mirror): Request[] => [
  request(new DeleteListenerCommand({ ListenerArn: listener }), () => mirror.listenerDeleted(listener)),
]
