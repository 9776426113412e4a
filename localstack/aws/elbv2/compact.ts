/** A copy without the members that are undefined. */
export function compact<T extends object>(value: T): T {
  const copy = { ...value }
  for (const key of Object.keys(copy) as (keyof T)[]) if (copy[key] === undefined) delete copy[key]
  return copy
}
