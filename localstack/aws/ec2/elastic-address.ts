/** AllocateAddress, DescribeAddresses, ReleaseAddress: addresses that a network load balancer may be given. */
import type {
  Address,
  AllocateAddressRequest,
  AllocateAddressResult,
  DescribeAddressesRequest,
  ReleaseAddressRequest,
} from '@aws-sdk/client-ec2'
import type { Account } from '../account.ts'
import { Fault, type Context } from '../service.ts'
import { removeTags, setTags, tagsOf } from '../tag.ts'
import { ipv4Text } from './address.ts'
import { select } from './select.ts'
import { specifiedTags } from './tag.ts'

const absent = (id: string): Fault =>
  new Fault('InvalidAllocationID.NotFound', `The allocation ID '${id}' does not exist`)

export function allocateAddress(input: AllocateAddressRequest, context: Context): AllocateAddressResult {
  const { account, ids } = context
  const AllocationId = `eipalloc-${ids.hex('eipalloc', 17)}`
  // Of TEST-NET-2, which is nobody's.
  const PublicIp = ipv4Text(198 * 2 ** 24 + 51 * 2 ** 16 + 100 * 2 ** 8 + (account.addresses.size % 254) + 1)
  const wire: Address = { AllocationId, PublicIp, Domain: 'vpc' }
  account.addresses.set(AllocationId, wire)
  setTags(account, AllocationId, specifiedTags(input.TagSpecifications, 'elastic-ip'))
  account.changed()
  return { AllocationId, PublicIp, Domain: 'vpc' }
}

export function describeAddresses(input: DescribeAddressesRequest, { account }: Context): unknown {
  const { page } = select<Address>(
    {
      items: [...account.addresses.values()],
      idOf: ({ AllocationId = '' }) => AllocationId,
      tagsOf: ({ AllocationId = '' }) => tagsOf(account, AllocationId),
      absent,
      fields: {
        'allocation-id': ({ AllocationId }) => AllocationId,
        'public-ip': ({ PublicIp }) => PublicIp,
        domain: ({ Domain }) => Domain,
      },
    },
    input.Filters === undefined ? {} : { Filters: input.Filters },
    input.AllocationIds,
  )
  return {
    Addresses: page.map((wire) => ({ ...wire, Tags: tagsOf(account, wire.AllocationId ?? '') })),
  }
}

export function releaseAddress(
  { AllocationId: id = '' }: ReleaseAddressRequest,
  { account }: Context,
): object {
  if (!account.addresses.has(id)) throw absent(id)
  if (isInUse(account, id))
    throw new Fault(
      'InvalidIPAddress.InUse',
      `The address with allocation id [${id}] cannot be released because it is in use`,
    )
  account.addresses.delete(id)
  removeTags(account, id)
  account.changed()
  return {}
}

const isInUse = ({ loadBalancers }: Account, id: string): boolean =>
  [...loadBalancers.values()].some(({ wire }) =>
    (wire.AvailabilityZones ?? []).some(({ LoadBalancerAddresses: addresses = [] }) =>
      addresses.some(({ AllocationId }) => AllocationId === id),
    ),
  )
