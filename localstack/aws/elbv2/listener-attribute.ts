/** DescribeListenerAttributes, ModifyListenerAttributes. */
import type {
  DescribeListenerAttributesInput,
  DescribeListenerAttributesOutput,
  ModifyListenerAttributesInput,
  ModifyListenerAttributesOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Context } from '../service.ts'
import {
  type AttributeTable,
  attributesOut,
  boolean,
  defaultsOf,
  integer,
  merged,
  oneOf,
  store,
  text,
} from './attribute.ts'
import { listenerOf, seenOrMissing } from './lookup.ts'
import { notEmpty } from './refuse.ts'

const renamed: Readonly<Record<string, string>> = {
  x_amzn_mtls_clientcert_serial_number: 'X-Amzn-Mtls-Clientcert-Serial-Number',
  x_amzn_mtls_clientcert_issuer: 'X-Amzn-Mtls-Clientcert-Issuer',
  x_amzn_mtls_clientcert_subject: 'X-Amzn-Mtls-Clientcert-Subject',
  x_amzn_mtls_clientcert_validity: 'X-Amzn-Mtls-Clientcert-Validity',
  x_amzn_mtls_clientcert_leaf: 'X-Amzn-Mtls-Clientcert-Leaf',
  x_amzn_mtls_clientcert: 'X-Amzn-Mtls-Clientcert',
  x_amzn_tls_version: 'X-Amzn-Tls-Version',
  x_amzn_tls_cipher_suite: 'X-Amzn-Tls-Cipher-Suite',
}
const headerValue = text('', /^[a-zA-Z0-9_ :;.,\\/'?!(){}[\]@<>=\-+*#&`|~^%"$]{0,1024}$/, 'a header value')
const inserted: AttributeTable = {
  strict_transport_security: headerValue,
  access_control_allow_origin: headerValue,
  access_control_allow_methods: headerValue,
  access_control_allow_headers: headerValue,
  access_control_allow_credentials: oneOf('', ['', 'true']),
  access_control_expose_headers: headerValue,
  access_control_max_age: headerValue,
  content_security_policy: headerValue,
  x_content_type_options: oneOf('', ['', 'nosniff']),
  x_frame_options: text('', /^(DENY|SAMEORIGIN|ALLOW-FROM .+|)$/, 'DENY, SAMEORIGIN'),
}

const http: AttributeTable = {
  'routing.http.response.server.enabled': boolean(true),
  ...Object.fromEntries(
    Object.entries(inserted).map(([name, rule]) => [`routing.http.response.${name}.header_value`, rule]),
  ),
}
const https: AttributeTable = {
  ...Object.fromEntries(
    Object.entries(renamed).map(([name, header]) => [
      `routing.http.request.${name}.header_name`,
      text(header, /^[A-Za-z0-9_-]{0,40}$/, 'a header name'),
    ]),
  ),
  ...http,
}

const network: AttributeTable = { 'tcp.idle_timeout.seconds': integer('350', 60, 6000) }

function tableOf(protocol: string | undefined): AttributeTable {
  if (protocol === 'HTTPS') return https
  if (protocol === 'HTTP') return http
  return protocol === 'TCP' ? network : {}
}

/** Of a new listener, or of one whose protocol changed: what still applies is kept. */
export function listenerAttributes(
  protocol: string | undefined,
  before?: ReadonlyMap<string, string>,
): Map<string, string> {
  const values = defaultsOf(tableOf(protocol))
  for (const key of values.keys()) {
    const value = before?.get(key)
    if (value !== undefined) values.set(key, value)
  }
  return values
}

export function describeListenerAttributes(
  input: DescribeListenerAttributesInput,
  context: Context,
): DescribeListenerAttributesOutput {
  const record = seenOrMissing(context, 'listener', listenerOf(context, input.ListenerArn))
  return { Attributes: attributesOut(record.attributes) }
}

export function modifyListenerAttributes(
  input: ModifyListenerAttributesInput,
  context: Context,
): ModifyListenerAttributesOutput {
  const { account } = context
  const record = seenOrMissing(context, 'listener', listenerOf(context, input.ListenerArn))
  notEmpty('attributes', input.Attributes)
  const table = tableOf(record.wire.Protocol)
  /** An empty value means the default again. */
  const given = (input.Attributes ?? []).map(({ Key, Value }) => ({
    Key,
    Value: Value || (table[Key ?? '']?.default ?? ''),
  }))
  store(record.attributes, merged(account, 'Listener', table, record.attributes, given))
  account.changed()
  return { Attributes: attributesOut(record.attributes) }
}
