/** SDK exception -> AwsError, by one table of codes. Nothing else looks at an exception of the SDK. */
import type { AwsError, AwsErrorKind } from '../model/aws-error.ts'

/** Wire codes; an SDK class name is the wire code with `Exception` behind it. */
const codes: Readonly<Record<Exclude<AwsErrorKind, 'unknown'>, readonly string[]>> = {
  throttled: [
    'Throttling',
    'ThrottledException',
    'BandwidthLimitExceeded',
    'EC2Throttled',
    'PriorRequestNotComplete',
    'ProvisionedThroughputExceeded',
    'RequestLimitExceeded',
    'RequestThrottled',
    'SlowDown',
    'TooManyRequests',
  ],
  notFound: [
    'LoadBalancerNotFound',
    'ListenerNotFound',
    'RuleNotFound',
    'TargetGroupNotFound',
    'CertificateNotFound',
    'SubnetNotFound',
    'SSLPolicyNotFound',
    'TrustStoreNotFound',
    'AllocationIdNotFound',
    'ResourceNotFound',
    'WAFNonexistentItem',
    'InvalidGroup.NotFound',
    'InvalidSecurityGroupID.NotFound',
    'InvalidPermission.NotFound',
    'InvalidSubnetID.NotFound',
    'InvalidVpcID.NotFound',
    'InvalidInstanceID.NotFound',
    'InvalidNetworkInterfaceID.NotFound',
  ],
  exists: [
    'DuplicateLoadBalancerName',
    'DuplicateTargetGroupName',
    'DuplicateListener',
    'PriorityInUse',
    'InvalidGroup.Duplicate',
    'InvalidPermission.Duplicate',
    'ResourceAlreadyExists',
  ],
  inUse: ['ResourceInUse', 'DependencyViolation', 'TargetGroupAssociationLimit'],
  quota: [
    'TooManyLoadBalancers',
    'TooManyTargetGroups',
    'TooManyListeners',
    'TooManyRules',
    'TooManyTargets',
    'TooManyRegistrationsForTargetId',
    'TooManyCertificates',
    'TooManyActions',
    'TooManyTags',
    'TooManyUniqueTargetGroupsPerLoadBalancer',
    'LimitExceeded',
    'CapacityUnitsLimitExceeded',
    'CapacityDecreaseRequestLimitExceeded',
    'CapacityDecreaseRequestsLimitExceeded',
    'RulesPerSecurityGroupLimitExceeded',
    'SecurityGroupLimitExceeded',
    'SecurityGroupsPerInterfaceLimitExceeded',
    'InsufficientFreeAddressesInSubnet',
  ],
  denied: [
    'AccessDenied',
    'UnauthorizedOperation',
    'AuthFailure',
    'OptInRequired',
    'UnrecognizedClient',
    'InvalidClientTokenId',
    'SignatureDoesNotMatch',
    'ExpiredToken',
    'InvalidIdentityToken',
    'RequestExpired',
    'MissingAuthenticationToken',
    'CredentialsProviderError',
    'TokenProviderError',
  ],
  invalid: [],
  unavailable: [
    'InternalFailure',
    'InternalError',
    'ServiceUnavailable',
    'Unavailable',
    'HealthUnavailable',
    'InsufficientCapacity',
    'WAFUnavailableEntity',
    'RequestTimeout',
  ],
}

const bare = (code: string): string => code.replace(/Exception$/, '')

const kinds: ReadonlyMap<string, AwsErrorKind> = new Map(
  Object.entries(codes).flatMap(([kind, list]) =>
    list.map((code): [string, AwsErrorKind] => [bare(code), kind as AwsErrorKind]),
  ),
)

/** Failures of the socket that prove that nothing was sent. */
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** The members of a thrown value that we read, whatever class it has. */
type Thrown = {
  readonly name?: string
  readonly code?: string
  readonly Code?: string
  readonly message?: string
  readonly cause?: { readonly code?: string }
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string }
}

export function toAwsError(call: string, thrown: unknown, write: boolean): AwsError {
  const error: Thrown = typeof thrown === 'object' && thrown !== null ? thrown : { message: String(thrown) }
  const status = error.$metadata?.httpStatusCode
  const code = codeOf(error)
  const message = error.message ?? code
  const requestId = error.$metadata?.requestId
  const kind = kindOf(code, status, write)
  const permission = kind === 'denied' ? missingPermission(message) : undefined
  return {
    kind,
    call,
    code,
    message,
    ...(requestId === undefined ? {} : { requestId }),
    ...(permission === undefined ? {} : { permission }),
  }
}

function codeOf(error: Thrown): string {
  const socket = error.code ?? error.cause?.code
  const name = error.name ?? 'Error'
  return (name === 'Error' || name === 'TypeError') && socket !== undefined ? socket : (error.Code ?? name)
}

/** An answer that says 5xx on a write proves nothing about what happened; no answer neither. */
function kindOf(code: string, status: number | undefined, write: boolean): AwsErrorKind {
  const known = kinds.get(bare(code))
  if (known !== undefined && known !== 'unavailable') return known
  if (status === 429) return 'throttled'
  if (neverSent.has(code)) return 'unavailable'
  if (status !== undefined && status >= 400 && status < 500) return known ?? 'invalid'
  return write ? 'unknown' : 'unavailable'
}

const missingPermission = (message: string): string | undefined =>
  /(?:not authorized to perform|is not authorized to perform action):?\s+([a-z0-9-]+:[A-Za-z0-9*]+)/.exec(
    message,
  )?.[1]
