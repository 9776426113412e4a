/** The certificate and key with which a load balancer answers: as imported, else self-signed with the names that ACM tells. */
import type { Account, KeyPair } from '../account.ts'
import { selfSigned } from './self-signed.ts'

type Made = { readonly forNames: string; readonly pair: KeyPair }
const made = new WeakMap<Account, Map<string, Made>>()

const beginning = new Date('2020-01-01T00:00:00Z')
const end = new Date('2049-12-31T23:59:59Z')

/** `otherwise` names a certificate that ACM doesn't know, such as one of IAM. */
export function keyPairOf(account: Account, arn: string, otherwise: string): KeyPair {
  const imported = account.keyPairs.get(arn)
  if (imported) return imported
  const detail = account.certificates.get(arn)
  const first = detail?.DomainName ?? otherwise
  const rest = (detail?.SubjectAlternativeNames ?? []).filter((name) => name !== first)
  const forNames = [first, ...rest].join(' ')
  const before = made.get(account)?.get(arn)
  if (before?.forNames === forNames) return before.pair
  const pair = selfSigned({
    names: [first, ...rest],
    notBefore: detail?.NotBefore ?? beginning,
    notAfter: detail?.NotAfter ?? end,
  })
  const all = made.get(account) ?? new Map<string, Made>()
  made.set(account, all.set(arn, { forNames, pair }))
  return pair
}
