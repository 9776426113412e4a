/** STS: who am I, and roles that anyone may assume. The account of a role is in the access key that it gets. */
import * as module from '@aws-sdk/client-sts'
import type { AssumeRoleRequest, AssumeRoleWithWebIdentityRequest } from '@aws-sdk/client-sts'
import { Fault, type Context, type Service } from '../service.ts'

const defaultSeconds = 3600

function getCallerIdentity(_input: object, { account }: Context): unknown {
  return { UserId: `AIDA${account.id}`, Account: account.id, Arn: `arn:aws:iam::${account.id}:user/local` }
}

function assumed(
  roleArn: string,
  session: string,
  seconds: number | undefined,
  { issue }: Context,
): { readonly Credentials: object; readonly AssumedRoleUser: object } {
  const [, account, role] = /^arn:[\w-]+:iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]+)$/.exec(roleArn) ?? []
  if (account === undefined || role === undefined) throw new Fault('ValidationError', `${roleArn} is invalid`)
  return {
    Credentials: issue(account, seconds ?? defaultSeconds),
    AssumedRoleUser: {
      AssumedRoleId: `AROA${account}:${session}`,
      Arn: `arn:aws:sts::${account}:assumed-role/${role}/${session}`,
    },
  }
}

function assumeRole(input: AssumeRoleRequest, context: Context): unknown {
  return assumed(input.RoleArn ?? '', input.RoleSessionName ?? '', input.DurationSeconds, context)
}

function assumeRoleWithWebIdentity(input: AssumeRoleWithWebIdentityRequest, context: Context): unknown {
  const { until, subject } = claimsOf(input.WebIdentityToken ?? '')
  if (until <= context.now)
    throw new Fault(
      'ExpiredTokenException',
      `Token expired: current date/time ${Math.floor(context.now / 1000)} must be before the expiration date/time ${until / 1000}`,
    )
  return {
    ...assumed(input.RoleArn ?? '', input.RoleSessionName ?? '', input.DurationSeconds, context),
    ...(subject === undefined ? {} : { SubjectFromWebIdentityToken: subject }),
    Provider: 'local',
    Audience: 'sts.amazonaws.com',
  }
}

/** Of a JWT, whose signature nobody checks here; its end in epoch milliseconds. */
function claimsOf(token: string): { readonly until: number; readonly subject?: string } {
  const [, payload = '', signature] = token.trim().split('.')
  try {
    const text = Buffer.from(payload, 'base64url').toString('utf8')
    const { exp, sub } = JSON.parse(text) as { exp?: unknown; sub?: unknown }
    if (signature !== undefined && typeof exp === 'number')
      return { until: exp * 1000, ...(typeof sub === 'string' ? { subject: sub } : {}) }
  } catch {
    // Said below.
  }
  throw new Fault('InvalidIdentityToken', 'The ID Token provided is not a valid JWT.')
}

export const sts: Service = {
  signingName: 'sts',
  protocol: 'query',
  version: '2011-06-15',
  xmlns: 'https://sts.amazonaws.com/doc/2011-06-15/',
  module,
  actions: {
    AssumeRole: assumeRole,
    AssumeRoleWithWebIdentity: assumeRoleWithWebIdentity,
    GetCallerIdentity: getCallerIdentity,
  },
}
