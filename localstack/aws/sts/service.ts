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
  { ids, now }: Context,
): { readonly Credentials: object; readonly AssumedRoleUser: object } {
  const [, account, role] = /^arn:[\w-]+:iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]+)$/.exec(roleArn) ?? []
  if (account === undefined || role === undefined) throw new Fault('ValidationError', `${roleArn} is invalid`)
  return {
    Credentials: {
      AccessKeyId: `ASIA${account}${ids.hex('accesskey', 4).toUpperCase()}`,
      SecretAccessKey: ids.hex('secret', 40),
      SessionToken: ids.hex('session', 64),
      Expiration: new Date(now + (seconds ?? defaultSeconds) * 1000),
    },
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
  if (!input.WebIdentityToken)
    throw new Fault('InvalidIdentityToken', 'The ID Token provided is not a valid JWT.')
  return {
    ...assumed(input.RoleArn ?? '', input.RoleSessionName ?? '', input.DurationSeconds, context),
    Provider: 'local',
    Audience: 'sts.amazonaws.com',
  }
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
