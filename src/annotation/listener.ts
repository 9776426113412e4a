/** Annotations about listeners: ports, certificates, who may connect. */
import { annotation, family } from './define.ts'
import { array, boolean, integer, object, record, string } from './json.ts'
import { bool, int32, json, list, map, text } from './parser.ts'

export const listenPorts = annotation('listen-ports', {
  parse: json(
    array(record(integer)),
    [],
    'a JSON list such as `[{"HTTP": 80}, {"HTTPS": 443}]`',
    'listen-ports configuration',
  ),
  on: ['Ingress'],
  merge: 'own',
  otherwise: '`[{"HTTP": 80}]`, with certificates `[{"HTTPS": 443}]`',
  doc: 'The ports on which the rules of this Ingress are served.',
  example: '[{"HTTP": 80}, {"HTTPS": 443}, {"HTTP": 8080}]',
  call: 'elbv2:CreateListener',
})
export const sslRedirect = annotation('ssl-redirect', {
  parse: int32,
  on: ['Ingress'],
  merge: 'exclusive',
  otherwise: 'off',
  params: 'sslRedirectPort',
  doc: 'Every HTTP listener of the group answers with a redirect to this HTTPS port.',
  example: '443',
  call: 'elbv2:ModifyListener',
})
export const inboundCidrs = annotation('inbound-cidrs', {
  parse: list('address ranges such as `10.0.0.0/8`'),
  on: ['Ingress'],
  merge: 'per-port',
  otherwise: '`0.0.0.0/0, ::/0`',
  params: 'inboundCIDRs',
  doc: 'Who may connect to the load balancer, with a managed security group.',
  example: '10.0.0.0/24, 2001:db8::/32',
  call: 'ec2:AuthorizeSecurityGroupIngress',
})
export const securityGroupPrefixLists = annotation('security-group-prefix-lists', {
  parse: list('prefix list ids'),
  on: ['Ingress'],
  merge: 'per-port',
  params: 'prefixListsIDs',
  doc: 'Prefix lists from which one may connect, with a managed security group.',
  example: 'pl-0aa1',
  call: 'ec2:AuthorizeSecurityGroupIngress',
})
export const certificateArn = annotation('certificate-arn', {
  parse: list('certificate ARNs'),
  on: ['Ingress'],
  merge: 'per-port',
  otherwise: 'found in ACM by host name',
  params: 'certificateArn',
  doc: 'The certificates of HTTPS listeners, the default first.',
  example: 'arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555',
  call: 'elbv2:AddListenerCertificates',
})
export const sslPolicy = annotation('ssl-policy', {
  parse: text('the name of a security policy'),
  on: ['Ingress'],
  merge: 'per-port',
  otherwise: '`--default-ssl-policy`',
  params: 'sslPolicy',
  doc: 'Protocols and ciphers of HTTPS listeners.',
  example: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
  call: 'elbv2:ModifyListener',
})
export const mutualAuthentication = annotation('mutual-authentication', {
  parse: json(
    array(
      object({
        port: integer,
        mode: string,
        trustStore: string,
        ignoreClientCertificateExpiry: boolean,
        advertiseTrustStoreCaNames: string,
      }),
    ),
    [],
    'a JSON list such as `[{"port": 443, "mode": "verify", "trustStore": "<ARN>"}]`',
    'mutualAuthentication configuration from ingress annotation',
  ),
  on: ['Ingress'],
  merge: 'per-port',
  doc: 'Whether clients must show a certificate.',
  example:
    '[{"port": 443, "mode": "verify", "trustStore": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:truststore/ts/0aa1"}]',
  call: 'elbv2:ModifyListener',
})
export const listenerAttributes = family('listener-attributes.', {
  parse: map(),
  on: ['Ingress'],
  merge: 'per-port',
  params: 'listeners[].listenerAttributes',
  doc: 'Attributes of the listener named by protocol and port, as `listener-attributes.HTTP-80`.',
  example: 'routing.http.response.server.enabled=false',
  call: 'elbv2:ModifyListenerAttributes',
})
export const createAcmCert = annotation('create-acm-cert', {
  parse: bool,
  on: ['Ingress'],
  merge: 'own',
  default: false,
  doc: 'Ask ACM for a certificate of the hosts of this Ingress (behind a feature gate).',
  example: 'true',
  call: 'acm:RequestCertificate',
})
export const acmPcaArn = annotation('acm-pca-arn', {
  parse: text('the ARN of a private certificate authority'),
  on: ['Ingress'],
  merge: 'own',
  otherwise: '`--default-pca-arn`',
  doc: 'The private authority that signs the certificate asked for.',
  example: 'arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/0aa1',
  call: 'acm:RequestCertificate',
})
