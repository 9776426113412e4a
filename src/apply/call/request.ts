/** One SDK command with what the mirror learns from its answer. */
import type { Aws, AwsCommand, SendOptions } from '../../aws/client.ts'
import type { CredentialsOf } from '../../aws/codec/action.ts'
import type { Mirror } from '../../aws/mirror.ts'
import type { Result } from '../../lib/result.ts'
import type { Secret } from '../../lib/secret.ts'
import type { Action } from '../../model/action.ts'
import type { AwsError } from '../../model/aws-error.ts'
import type { Name } from '../../plan/step.ts'

/** What a Name stands for: all Refs of the call have been found before. */
export type NameOf = (name: Name) => string

export type Request = {
  send(aws: Pick<Aws, 'send'>, options: SendOptions): Promise<Result<void, AwsError>>
}

/** A command may be made when it is sent, where its module is loaded with the first use. */
export const request = <Output>(
  command: AwsCommand<Output> | (() => Promise<AwsCommand<Output>>),
  learn: (output: NoInfer<Output>) => void,
  hide: SendOptions['hide'] = [],
): Request => ({
  send: async (aws, options) => {
    const made = typeof command === 'function' ? await command() : command
    const answer = await aws.send(made, hide.length > 0 ? { ...options, hide } : options)
    if (!answer.ok) return answer
    learn(answer.value)
    return { ok: true, value: undefined }
  },
})

type Attributes = Readonly<Record<string, string>>

export const attributeList = (attributes: Attributes): { Key: string; Value: string }[] =>
  Object.entries(attributes).map(([Key, Value]) => ({ Key, Value }))

/** Only where they are known: a part of them must not pass for all. */
export const withAttributes = <T extends { readonly attributes?: Attributes }>(
  resource: T,
  changed: Attributes,
): T =>
  resource.attributes === undefined
    ? resource
    : { ...resource, attributes: { ...resource.attributes, ...changed } }

type Outgoing = {
  /** What no message about the call may repeat. */
  readonly hide: readonly Secret[]
  /** Once AWS took them. */
  readonly remember: (arn: string) => void
}

/** The Secrets' content that goes out with the actions of a call. */
export function outgoing(
  mirror: Mirror,
  credentialsOf: CredentialsOf,
  actions: readonly Action[] | undefined,
): Outgoing {
  const sent = (actions ?? []).flatMap((action) => {
    if (action.type !== 'authenticate-oidc' || action.credentials === undefined) return []
    const found = credentialsOf(action.credentials)
    return found === undefined ? [] : [{ ...found, secret: action.credentials.secret }]
  })
  return {
    hide: sent.flatMap(({ clientId, clientSecret }) => [clientId, clientSecret]),
    remember: (arn) => {
      if (actions === undefined) return
      const [one] = sent
      if (one) mirror.credentials.set(arn, { secret: one.secret, version: one.version })
      else mirror.credentials.delete(arn)
    },
  }
}
