/**
 * The parts of one replica sweep the same account at about the same time: what one of them is reading, the others read with it,
 * or all together once that has ended, where it began too early for them. So slots that come one after the other cost two
 * sweeps, not one each.
 */
import { canonical } from '../lib/json.ts'
import type { Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { Aws, AwsCommand, SendOptions } from './client.ts'

type Running = { readonly beganMs: number; readonly answer: Promise<Result<unknown, AwsError>> }

/** `sinceMs`: reads that began before, by the monotonic clock, may show what others wrote over since. */
export type Sharing = (aws: Aws, sinceMs: () => number) => Aws

export function createSharing(): Sharing {
  const running = new Map<string, Running>()
  return (aws, sinceMs) => {
    const send = async <Output>(
      command: AwsCommand<Output>,
      options: SendOptions,
    ): Promise<Result<Output, AwsError>> => {
      const name = Array.isArray(command.schema) ? String(command.schema[2]) : ''
      if (options.purpose !== 'sweep' || !name.startsWith('Describe')) return aws.send(command, options)
      const key = `${name} ${canonical(command.input)}`
      for (let known = running.get(key); known !== undefined; known = running.get(key)) {
        const answer = await known.answer
        if (known.beganMs < sinceMs()) continue
        // What stopped the one who asked first says nothing to us.
        return answer.ok ? (answer as Result<Output, AwsError>) : aws.send(command, options)
      }
      const mine: Running = { beganMs: performance.now(), answer: aws.send(command, options) }
      running.set(key, mine)
      try {
        return (await mine.answer) as Result<Output, AwsError>
      } finally {
        if (running.get(key) === mine) running.delete(key)
      }
    }
    return { ...aws, send }
  }
}
