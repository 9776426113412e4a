/** Marker and PageSize, as all paginated Describe actions take them. */
import { between, invalid } from './refuse.ts'

const maxPageSize = 400
type Paging = { readonly Marker?: string | undefined; readonly PageSize?: number | undefined }

/** The marker names the next item, and its place, should that item be gone by then. */
export function page<T>(
  all: readonly T[],
  { Marker, PageSize }: Paging,
  key: (item: T) => string,
): { items: T[]; NextMarker: string | undefined } {
  between('pageSize', PageSize, 1, maxPageSize)
  const start = Marker ? position(all, Marker, key) : 0
  const end = start + (PageSize ?? maxPageSize)
  const next = all[end]
  return { items: all.slice(start, end), NextMarker: next && marker(end, key(next)) }
}

function marker(place: number, key: string): string {
  return Buffer.from(JSON.stringify([place, key])).toString('base64url')
}

function position<T>(all: readonly T[], text: string, key: (item: T) => string): number {
  const [, place, name] =
    /^\[(\d+),"(.*)"\]$/.exec(Buffer.from(text, 'base64url').toString()) ??
    invalid(`Invalid marker: '${text}'`)
  const found = all.findIndex((item) => key(item) === name)
  return found < 0 ? Number(place) : found
}
