/** A refusal by AWS, as a value; made in aws/error.ts alone. */
export type AwsErrorKind =
  | 'throttled'
  | 'notFound'
  | 'exists'
  | 'inUse'
  | 'quota'
  | 'denied'
  | 'invalid'
  | 'unavailable'
  /** The answer never came: the call may or may not have happened. */
  | 'unknown'

export type AwsError = {
  readonly kind: AwsErrorKind
  /** Service and action, as `elbv2:CreateRule`. */
  readonly call: string
  /** AWS's own code. */
  readonly code: string
  readonly message: string
  readonly requestId?: string
  /** The IAM action that is missing, when kind is `denied`. */
  readonly permission?: string
}
