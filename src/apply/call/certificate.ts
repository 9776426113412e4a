/** Calls on certificates that we ask ACM for. Its module is loaded with the first of them. */
import { tagList } from '../../aws/codec/tag.ts'
import type { Mirror } from '../../aws/mirror.ts'
import type { Call } from '../../plan/step.ts'
import { type NameOf, type Request, request } from './request.ts'

type Of<Name extends Call['call']> = Extract<Call, { call: Name }>

export function certificateCall(
  call: Of<'RequestCertificate' | 'DeleteCertificate'>,
  _: NameOf,
  { certificates }: Mirror,
): Request[] {
  if (call.call === 'DeleteCertificate')
    return [
      request(
        async () => {
          const { DeleteCertificateCommand } = await import('@aws-sdk/client-acm')
          return new DeleteCertificateCommand({ CertificateArn: call.certificate })
        },
        () => certificates.deleted(call.certificate),
      ),
    ]
  const { hosts, authorityArn, tags } = call
  return [
    request(
      async () => {
        const { RequestCertificateCommand } = await import('@aws-sdk/client-acm')
        return new RequestCertificateCommand({
          DomainName: hosts[0],
          SubjectAlternativeNames: [...hosts],
          ValidationMethod: 'DNS',
          ...(authorityArn === undefined ? {} : { CertificateAuthorityArn: authorityArn }),
          Tags: tagList(tags),
        })
      },
      ({ CertificateArn: arn = '' }) =>
        certificates.wrote({ arn, status: 'PENDING_VALIDATION', names: hosts, tags, createdAt: Date.now() }),
    ),
  ]
}
