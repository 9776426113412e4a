/** Objects without undefined members and without empty lists or texts: how AWS's answers lose their noise. */
type Present<T> = { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> } & {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K]
}

export const present = <T extends object>(value: T): Present<T> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Present<T>

export const textOrAbsent = (text: string | undefined): string | undefined =>
  text === undefined || text === '' ? undefined : text

export const listOrAbsent = <T>(list: readonly T[] | undefined): readonly T[] | undefined =>
  list === undefined || list.length === 0 ? undefined : list
