/** IPv4 and IPv6 networks as numbers: whether one holds an address or another network. */

type Cidr = { readonly family: 4 | 6; readonly base: bigint; readonly prefix: number }

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return undefined
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)
}

/** The last 32 bits may be written as an IPv4 address. */
function groupsOf(text: string): readonly string[] | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const tail = dotted?.[2] === undefined ? undefined : parseIpv4(dotted[2])
  if (dotted && tail === undefined) return undefined
  const whole =
    dotted && tail !== undefined
      ? `${dotted[1]}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`
      : text
  const halves = whole.split('::')
  if (halves.length > 2) return undefined
  const [head = [], rear = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - rear.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  return [...head, ...Array.from({ length: missing }, () => '0'), ...rear]
}

function parseIpv6(text: string): bigint | undefined {
  const groups = groupsOf(text)
  if (!groups?.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n)
}

const mapped = 0xffffn

/** An address without prefix is a network of one. An IPv4 address in IPv6 clothes (`::ffff:…`) is IPv4. */
function parseCidr(text: string): Cidr | undefined {
  const [address = '', length, ...more] = text.split('/')
  if (more.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined
  const four = parseIpv4(address)
  if (four !== undefined) return network(4, four, length)
  const six = parseIpv6(address)
  if (six === undefined) return undefined
  if (six >> 32n === mapped && length === undefined) return network(4, six & 0xffffffffn, undefined)
  return network(6, six, length)
}

function network(family: 4 | 6, address: bigint, length: string | undefined): Cidr | undefined {
  const bits = family === 4 ? 32 : 128
  const prefix = length === undefined ? bits : Number(length)
  if (prefix > bits) return undefined
  const rest = BigInt(bits - prefix)
  return { family, base: (address >> rest) << rest, prefix }
}

/** Whether every address of `narrow` is in `wide`; text that is no network holds nothing and is in nothing. */
export function cidrContains(wide: string, narrow: string): boolean {
  const outer = parseCidr(wide)
  const inner = parseCidr(narrow)
  if (!outer || !inner || outer.family !== inner.family || outer.prefix > inner.prefix) return false
  const rest = BigInt((outer.family === 4 ? 32 : 128) - outer.prefix)
  return outer.base >> rest === inner.base >> rest
}
