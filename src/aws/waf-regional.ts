/**
 * WAF classic, regional. AWS froze its SDK client in 2024, in a form that needs a second copy of half the SDK; its wire is that of WAFv2
 * with other names (AWS WAF Classic API reference, 2016-11-28), so WAFv2's client speaks it here.
 */
import { WAFV2Client, type WAFV2ClientConfig } from '@aws-sdk/client-wafv2'
import { makeBuilder } from '@smithy/core/client'
import { getEndpointPlugin } from '@smithy/core/endpoints'

const namespace = 'com.amazonaws.wafregional'
const target = 'AWSWAF_Regional_20161128'

type Members = Readonly<Record<string, unknown>>
/** In the SDK's own notation of schemas: 9 an operation, 3 a structure, 0 a text; the last number counts the required members. */
const structure = (name: string, members: Members = {}, required = 0): unknown[] => [
  3,
  namespace,
  name,
  0,
  Object.keys(members),
  Object.values(members),
  required,
]

const builtIn = (name: string) => ({ type: 'builtInParams', name }) as const
const command = makeBuilder<never, object, never>(
  { Endpoint: builtIn('endpoint'), Region: builtIn('region') },
  target,
  'WAFRegionalClient',
  getEndpointPlugin as never,
)
function operation<I extends object, O>(action: string, input: Members, output: Members = {}) {
  const schema = [
    9,
    namespace,
    action,
    0,
    () => structure(`${action}Request`, input, Object.keys(input).length),
    () => structure(`${action}Response`, output),
  ]
  return command({}, () => [], action, schema as never) as unknown as new (
    given: I,
  ) => AnsweredBy<O>
}
/** A command, known by its output. */
type AnsweredBy<O> = {
  readonly input: object
  readonly schema?: unknown
  resolveMiddleware(
    stack: never,
    configuration: never,
    options: never,
  ): (args: never) => Promise<{ output: O }>
}

export const AssociateWebACLCommand = operation<{ WebACLId: string; ResourceArn: string }, object>(
  'AssociateWebACL',
  { WebACLId: 0, ResourceArn: 0 },
)
export const DisassociateWebACLCommand = operation<{ ResourceArn: string }, object>('DisassociateWebACL', {
  ResourceArn: 0,
})
export const GetWebACLForResourceCommand = operation<
  { ResourceArn: string },
  { readonly WebACLSummary?: { readonly WebACLId?: string } }
>(
  'GetWebACLForResource',
  { ResourceArn: 0 },
  { WebACLSummary: () => structure('WebACLSummary', { WebACLId: 0, Name: 0 }) },
)

/** China has another domain; elsewhere WAF classic is not offered. */
const domainOf = (region: string): string => (region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com')

const signedFor = (signingRegion: string) => ({
  name: 'sigv4',
  signingName: 'waf-regional',
  signingRegion,
  properties: {},
})

export const createWafRegionalClient = (config: WAFV2ClientConfig): WAFV2Client =>
  new WAFV2Client({
    ...config,
    serviceId: 'WAF Regional',
    protocolSettings: {
      defaultNamespace: namespace,
      errorTypeRegistries: [],
      version: '2016-11-28',
      serviceTarget: target,
    },
    endpointProvider: ({ Endpoint, Region = '' }) => ({
      url: new URL(String(Endpoint ?? `https://waf-regional.${Region}.${domainOf(Region)}`)),
      properties: { authSchemes: [signedFor(Region)] },
    }),
  })
