/** One SDK command with what the mirror learns from its answer. */
import type { Aws, AwsCommand, SendOptions } from '../../aws/client.ts'
import type { Result } from '../../lib/result.ts'
import type { AwsError } from '../../model/aws-error.ts'
import type { Name } from '../../plan/step.ts'

/** What a Name stands for: all Refs of the call have been found before. */
export type NameOf = (name: Name) => string

export type Request = {
  send(aws: Pick<Aws, 'send'>, options: SendOptions): Promise<Result<void, AwsError>>
}

export const request = <Output>(
  command: AwsCommand<Output>,
  learn: (output: NoInfer<Output>) => void,
): Request => ({
  send: async (aws, options) => {
    const answer = await aws.send(command, options)
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
