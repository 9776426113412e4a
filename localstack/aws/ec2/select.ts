/** What every EC2 Describe shares: ids, filters with wildcards, pages. */
import type { Filter } from '@aws-sdk/client-ec2'
import { Fault } from '../service.ts'
import type { Tag } from '../tag.ts'

type Values = string | boolean | number | undefined | readonly (string | undefined)[]
export type Selection<T> = {
  readonly items: readonly T[]
  readonly idOf: (item: T) => string
  readonly tagsOf: (item: T) => readonly Tag[]
  /** Filter name to what it is compared with. */
  readonly fields: Readonly<Record<string, (item: T) => Values>>
  /** An id that isn't there. */
  readonly absent: (id: string) => Fault
}
export type SelectInput = {
  readonly Filters?: Filter[] | undefined
  readonly MaxResults?: number | undefined
  readonly NextToken?: string | undefined
}
export type Page<T> = { readonly page: T[]; readonly next: { readonly NextToken?: string } }

const maxFilterValues = 200
const pageSize = { min: 5, max: 1000 }

export function select<T>(
  selection: Selection<T>,
  input: SelectInput,
  ids: readonly string[] | undefined,
): Page<T> {
  if (ids?.length && input.MaxResults !== undefined)
    throw new Fault('InvalidParameterCombination', 'MaxResults may not be combined with a list of ids')
  const chosen = ids?.length ? byIds(selection, ids) : selection.items
  const matching = (input.Filters ?? []).map((filter) => matcher(selection, filter))
  return paged(
    chosen.filter((item) => matching.every((matches) => matches(item))),
    input,
  )
}

function byIds<T>({ items, idOf, absent }: Selection<T>, ids: readonly string[]): T[] {
  const byId = new Map(items.map((item) => [idOf(item), item]))
  return [...new Set(ids)].map((id) => {
    const item = byId.get(id)
    if (item === undefined) throw absent(id)
    return item
  })
}

function matcher<T>(
  { fields, tagsOf }: Selection<T>,
  { Name = '', Values = [] }: Filter,
): (item: T) => boolean {
  if (Values.length === 0)
    throw new Fault('InvalidParameterValue', `The filter '${Name}' must have at least one value`)
  if (Values.length > maxFilterValues)
    throw new Fault(
      'FilterLimitExceeded',
      `The maximum number of filter values specified on a single call is ${maxFilterValues}`,
    )
  const patterns = Values.map(wildcard)
  const hits = (value: string): boolean => patterns.some((matches) => matches(value))
  if (Name === 'tag-key') return (item) => tagsOf(item).some(({ Key }) => hits(Key))
  if (Name === 'tag-value') return (item) => tagsOf(item).some(({ Value }) => hits(Value))
  if (Name.startsWith('tag:'))
    return (item) => tagsOf(item).some(({ Key, Value }) => Key === Name.slice(4) && hits(Value))
  const field = fields[Name]
  if (!field) throw new Fault('InvalidParameterValue', `The filter '${Name}' is invalid`)
  return (item) => {
    const value = field(item)
    const texts = Array.isArray(value) ? (value as readonly (string | undefined)[]) : [value as string]
    return texts.some((text) => text !== undefined && hits(String(text)))
  }
}

/** `*` and `?`, each made literal by a backslash. */
function wildcard(pattern: string): (value: string) => boolean {
  if (!/[*?\\]/.test(pattern)) return (value) => value === pattern
  const source = pattern.replace(/\\?[\s\S]/g, (part) => {
    if (part === '*') return '[\\s\\S]*'
    if (part === '?') return '[\\s\\S]'
    const literal = part.length === 2 ? part.slice(1) : part
    return literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  const expression = new RegExp(`^${source}$`)
  return (value) => expression.test(value)
}

function paged<T>(items: readonly T[], { MaxResults, NextToken }: SelectInput): Page<T> {
  if (MaxResults !== undefined && (MaxResults < pageSize.min || MaxResults > pageSize.max))
    throw new Fault(
      'InvalidParameterValue',
      `Value ( ${MaxResults} ) for parameter maxResults is invalid. Expecting a value between ${pageSize.min} and ${pageSize.max}.`,
    )
  const start = NextToken === undefined ? 0 : offsetOf(NextToken)
  const end = MaxResults === undefined ? items.length : start + MaxResults
  return {
    page: items.slice(start, end),
    next: end < items.length ? { NextToken: Buffer.from(`offset:${end}`).toString('base64url') } : {},
  }
}

function offsetOf(token: string): number {
  const offset = /^offset:(\d+)$/.exec(Buffer.from(token, 'base64url').toString('utf8'))?.[1]
  if (offset === undefined) throw new Fault('InvalidNextToken', 'The specified NextToken is not valid')
  return Number(offset)
}
