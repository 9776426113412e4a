/** Trust stores; their bundles lie where `/_local/object` put them. */
import type {
  CreateTrustStoreInput,
  CreateTrustStoreOutput,
  DeleteTrustStoreInput,
  DeleteTrustStoreOutput,
  DescribeTrustStoreAssociationsInput,
  DescribeTrustStoreAssociationsOutput,
  DescribeTrustStoresInput,
  DescribeTrustStoresOutput,
  ModifyTrustStoreInput,
  ModifyTrustStoreOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { TrustStoreRecord } from '../account.ts'
import type { Context } from '../service.ts'
import { removeTags, setTags } from '../tag.ts'
import { trustStoreArn } from './arn.ts'
import { readBundle } from './bundle.ts'
import { missing, trustStoreOf } from './lookup.ts'
import { checkTrustStoreName } from './name.ts'
import { page } from './page.ts'
import { quota } from './quota.ts'
import { invalid, refuse } from './refuse.ts'
import { checkTags } from './tag.ts'

export function createTrustStore(input: CreateTrustStoreInput, context: Context): CreateTrustStoreOutput {
  const { account, ids, now } = context
  checkTrustStoreName(input.Name)
  checkTags(context, input.Tags)
  if (named(context, input.Name))
    refuse('DuplicateTrustStoreName', `A trust store with the same name '${input.Name ?? ''}' exists`)
  if (account.trustStores.size >= quota(account, 'trust-stores'))
    refuse('TooManyTrustStores', 'The maximum number of trust stores has been reached')
  const { bundle, count } = bundleOf(context, input)
  const arn = trustStoreArn(account, input.Name ?? '', ids.hex('truststore', 16))
  const wire = {
    Name: input.Name,
    TrustStoreArn: arn,
    Status: 'ACTIVE' as const,
    NumberOfCaCertificates: count,
    TotalRevokedEntries: 0,
  }
  account.trustStores.set(arn, { arn, wire, bundle, createdAt: now })
  setTags(account, arn, input.Tags)
  account.changed()
  return { TrustStores: [wire] }
}

type Bundle = Pick<CreateTrustStoreInput, 'CaCertificatesBundleS3Bucket' | 'CaCertificatesBundleS3Key'>

function bundleOf(
  { account }: Context,
  { CaCertificatesBundleS3Bucket: bucket = '', CaCertificatesBundleS3Key: key = '' }: Bundle,
): { readonly bundle: string; readonly count: number } {
  const bundle = account.objects.get(`${bucket}/${key}`)
  if (bundle === undefined)
    refuse(
      'CaCertificatesBundleNotFound',
      `The specified ca certificate bundle '${bucket}/${key}' does not exist`,
    )
  const certificates = readBundle(bundle)
  if (certificates?.every(({ ca }) => ca) !== true)
    refuse(
      'InvalidCaCertificatesBundle',
      'The specified ca certificate bundle is in an invalid format, or corrupt',
    )
  return { bundle, count: certificates.length }
}

function named({ account }: Context, name: string | undefined): TrustStoreRecord | undefined {
  return [...account.trustStores.values()].find(({ wire }) => wire.Name === name)
}

export function describeTrustStores(
  input: DescribeTrustStoresInput,
  context: Context,
): DescribeTrustStoresOutput {
  const { TrustStoreArns: arns = [], Names: names = [] } = input
  if (arns.length > 0 && names.length > 0)
    invalid('Trust store names and trust store ARNs cannot be specified at the same time')
  const chosen =
    arns.length > 0
      ? arns.map((arn) => trustStoreOf(context, arn))
      : names.length > 0
        ? names.map((name) => named(context, name) ?? missing('trust store'))
        : [...context.account.trustStores.values()]
  const { items, NextMarker } = page(chosen, input, ({ arn }) => arn)
  return { TrustStores: items.map(({ wire }) => wire), NextMarker }
}

export function modifyTrustStore(input: ModifyTrustStoreInput, context: Context): ModifyTrustStoreOutput {
  const record = trustStoreOf(context, input.TrustStoreArn)
  const { bundle, count } = bundleOf(context, input)
  record.bundle = bundle
  record.wire = { ...record.wire, NumberOfCaCertificates: count }
  context.account.changed()
  return { TrustStores: [record.wire] }
}

function usersOf({ account }: Context, arn: string): string[] {
  return [...account.listeners.values()]
    .filter(({ wire }) => wire.MutualAuthentication?.TrustStoreArn === arn)
    .map((listener) => listener.arn)
}

export function deleteTrustStore(input: DeleteTrustStoreInput, context: Context): DeleteTrustStoreOutput {
  const { account } = context
  const record = trustStoreOf(context, input.TrustStoreArn)
  if (usersOf(context, record.arn).length > 0)
    refuse('TrustStoreInUse', `Trust store '${record.arn}' is currently in use by a listener`)
  account.trustStores.delete(record.arn)
  removeTags(account, record.arn)
  account.changed()
  return {}
}

export function describeTrustStoreAssociations(
  input: DescribeTrustStoreAssociationsInput,
  context: Context,
): DescribeTrustStoreAssociationsOutput {
  const record = trustStoreOf(context, input.TrustStoreArn)
  const { items, NextMarker } = page(usersOf(context, record.arn), input, (arn) => arn)
  return { TrustStoreAssociations: items.map((ResourceArn) => ({ ResourceArn })), NextMarker }
}
