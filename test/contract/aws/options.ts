/** What `npm run test:aws` is told. Without the number of the account nothing is started: it may be somebody's live one. */
import { parseArgs } from 'node:util'

export type Options = {
  readonly account: string
  readonly region: string
  readonly vpc: string | undefined
  /** In place of AWS: a rehearsal. */
  readonly endpoint: string | undefined
  /** Where load balancers of a rehearsal answer, as /etc/hosts has it. */
  readonly hostsFile: string | undefined
  readonly bundle: { readonly bucket: string; readonly key: string } | undefined
  readonly throttle: boolean
  /** Only what begins so: the id of a check, or `workshop`. */
  readonly only: string | undefined
  readonly report: string
  readonly sweepOnly: boolean
}

export const usage = `npm run test:aws -- --account=<12 digits> --region=<region> [--vpc=<id>] [--report=aws-report.md]
    plays the workshop and every check on that account, asks it every fact that is known by recollection alone, and writes a report
  --sweep               only removes what earlier runs left
  --only=<prefix>       only the checks that begin so (workshop, fact/, rule/...)
  --bundle=s3://<bucket>/<key>  certificates of authorities, for the check of trust stores
  --throttle            also asks how AWS throttles: others that use the account feel it for some seconds
  --endpoint=<url> [--hosts-file=<path>]  a rehearsal on an emulator`

/** Throws an error whose message is one line that says what is wrong. */
export function readOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      account: { type: 'string' },
      region: { type: 'string' },
      vpc: { type: 'string' },
      endpoint: { type: 'string' },
      'hosts-file': { type: 'string' },
      bundle: { type: 'string' },
      throttle: { type: 'boolean', default: false },
      only: { type: 'string' },
      report: { type: 'string', default: 'aws-report.md' },
      sweep: { type: 'boolean', default: false },
    },
  })
  const account = values.account ?? environment['ALBATROSS_TEST_ACCOUNT']
  if (account === undefined || !/^\d{12}$/.test(account))
    throw new Error(
      'name the account that may be written to: --account=<12 digits>, or ALBATROSS_TEST_ACCOUNT',
    )
  const region = values.region ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION']
  if (!region) throw new Error('name the region: --region=<region>, or AWS_REGION')
  const { endpoint, 'hosts-file': hostsFile, bundle } = values
  if (endpoint !== undefined && !URL.canParse(endpoint))
    throw new Error(`--endpoint=${endpoint}: must be a URL, such as http://127.0.0.1:4566`)
  if (hostsFile !== undefined && endpoint === undefined) throw new Error('--hosts-file needs --endpoint')
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(bundle ?? '') ?? []
  if (bundle !== undefined && key === '') throw new Error(`--bundle=${bundle}: must be s3://<bucket>/<key>`)
  return {
    account,
    region,
    vpc: values.vpc,
    endpoint,
    hostsFile,
    bundle: bundle === undefined ? undefined : { bucket, key },
    throttle: values.throttle,
    only: values.only,
    report: values.report,
    sweepOnly: values.sweep,
  }
}
