// Where LocalStack is not as AWS is. Nobody has run the checks there yet: a first run says what belongs here.
import type { Deviations } from './deviations.ts'

const silent = 'its data plane needs Docker, and is not asked'

export const localstackDeviations: Deviations = {
  'trust-store/used': 'no bundle of certificates is put into its S3',
  'fact/throttled': 'it is not asked for more than it bears',
  'fact/host-port': silent,
  'fact/redirect-port': silent,
  'fact/weights-zero': silent,
  'fact/path-normalised': silent,
  'fact/query-raw': silent,
  'fact/regex-path': silent,
  'fact/regex-host': silent,
  'fact/regex-header': silent,
  'fact/token-missing': silent,
}
