/** Target groups of other accounts: the role that a binding names, assumed once and kept until shortly before it expires. */
import { fail, ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { Aws, AwsSettings, SendOptions } from './client.ts'

type Role = { readonly arn: string; readonly externalId?: string }
export type Roles = {
  /** A client that acts in the role; it draws from the other account's rates, not from ours. */
  of(role: Role, options: SendOptions): Promise<Result<Aws, AwsError>>
  close(): void
}
type Credentials = NonNullable<AwsSettings['credentials']>
type Assumed = { readonly aws: Aws; readonly expiresAt: number }

const spareMs = 30_000
/** AWS's limit; ALBC's own name may be longer and is refused then. */
const longestName = 64

export function createRoles(
  home: Pick<Aws, 'send'>,
  clusterName: string,
  clientWith: (credentials: Credentials) => Aws,
): Roles {
  const known = new Map<string, Assumed>()
  const pending = new Map<string, Promise<Result<Aws, AwsError>>>()
  const name = `AWS-LBC-${clusterName.replace(/[^\w+=,.@-]/g, '')}`.slice(0, longestName)
  const assume = async (key: string, role: Role, options: SendOptions): Promise<Result<Aws, AwsError>> => {
    const { arn: RoleArn, externalId } = role
    const { AssumeRoleCommand } = await import('@aws-sdk/client-sts')
    const command = new AssumeRoleCommand({
      RoleArn,
      RoleSessionName: name,
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    })
    const answer = await home.send(command, options)
    if (!answer.ok) return answer
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.value.Credentials ?? {}
    if (!AccessKeyId || !SecretAccessKey || !SessionToken)
      return fail({
        kind: 'invalid',
        call: 'sts:AssumeRole',
        code: 'NoCredentials',
        message: 'no credentials',
      })
    known.get(key)?.aws.close()
    const aws = clientWith({
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
    })
    known.set(key, { aws, expiresAt: Expiration?.getTime() ?? Date.now() })
    return ok(aws)
  }
  return {
    of: (role, options) => {
      const key = JSON.stringify([role.arn, role.externalId])
      const kept = known.get(key)
      if (kept !== undefined && kept.expiresAt - spareMs > Date.now()) return Promise.resolve(ok(kept.aws))
      const running = pending.get(key) ?? assume(key, role, options).finally(() => pending.delete(key))
      pending.set(key, running)
      return running
    },
    close: () => {
      for (const { aws } of known.values()) aws.close()
    },
  }
}
