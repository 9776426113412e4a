/** Objects without undefined members and without empty lists or texts: how AWS's answers lose their noise. */
export { present } from '../../lib/present.ts'

export const textOrAbsent = (text: string | undefined): string | undefined =>
  text === undefined || text === '' ? undefined : text

export const listOrAbsent = <T>(list: readonly T[] | undefined): readonly T[] | undefined =>
  list === undefined || list.length === 0 ? undefined : list
