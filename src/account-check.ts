/** Whether AWS answers this process: its credentials, its clock, its region and the VPC, told in one line each while it does not. */
import type { Logger } from 'pino'
import { createAws } from './aws/client.ts'
import { type KnownVpcCidrs, readVpcCidrs } from './aws/facts.ts'
import type { Result } from './lib/result.ts'
import type { AwsError } from './model/aws-error.ts'
import { version } from './version.ts'

type Where = { readonly region: string; readonly vpcId: string }
export type AccountCheck = {
  /** Why AWS can't be worked with; absent once it answered as it should. */
  trouble(): string | undefined
  /** What it read of the VPC, for who would read the same now. */
  readonly vpcCidrs: KnownVpcCidrs
  stop(): void
}

const againMs = 5_000
/** So long its answer spares another read. */
const freshMs = 60_000

export function checkAccount(where: Where, log: Logger): AccountCheck {
  const aws = createAws({ region: where.region, log, version })
  let trouble: string | undefined = 'AWS was not asked yet'
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false
  let told = ''
  let read: { readonly cidrs: readonly string[]; readonly at: number } | undefined
  const look = async (): Promise<void> => {
    const answer = await readVpcCidrs({ aws, options: { purpose: 'sweep', priority: 'user' } }, where.vpcId)
    trouble = troubleOf(where, answer)
    if (answer.ok && trouble === undefined) read = { cidrs: answer.value, at: Date.now() }
    if (stopped) return
    if (trouble === undefined) {
      if (told !== '') log.info('AWS answers')
      aws.close()
      return
    }
    if (trouble !== told) log.error(trouble)
    told = trouble
    timer = setTimeout(() => void look(), againMs)
  }
  const first = look()
  return {
    trouble: () => trouble,
    vpcCidrs: async () => {
      await first
      return read !== undefined && Date.now() - read.at < freshMs ? read.cidrs : undefined
    },
    stop: () => {
      stopped = true
      clearTimeout(timer)
      aws.close()
    },
  }
}

function troubleOf(
  { region, vpcId }: Where,
  answer: Result<readonly string[], AwsError>,
): string | undefined {
  const missing = `--aws-vpc-id=${vpcId}: there is no such VPC in ${region} for these credentials: correct --aws-vpc-id, --aws-region or the role`
  if (answer.ok) return answer.value.length > 0 ? undefined : missing
  return answer.error.kind === 'notFound' ? missing : said(answer.error, region)
}

function said({ kind, call, code, message, permission }: AwsError, region: string): string {
  const [first = ''] = message.split('\n')
  if (/^(Credentials|Token)ProviderError$/.test(code))
    return `no AWS credentials: ${first}: give the pod a role by Pod Identity or IRSA, or set AWS_PROFILE`
  if (/^(SignatureDoesNotMatch|RequestExpired|InvalidSignature)/.test(code))
    return `AWS refuses the signature (${code}: ${first}): set the clock of this machine, or correct the secret key`
  if (kind === 'denied')
    return `AWS denied ${call} (${code}: ${first}): allow ${permission ?? call} in the role's policy (docs/iam-policy.json)`
  return `AWS in ${region} can't be asked (${call}: ${code}: ${first}): look at --aws-region and the way to its endpoints`
}
