/** The part of kubectl's JSONPath that printer columns and scale paths use: names, indexes, `[*]` and `[?(@.key=="value")]`. */
import { isFields, text } from '../object.ts'

type Step = (values: readonly unknown[]) => unknown[]

const child =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => (isFields(value) && value[name] !== undefined ? [value[name]] : []))

const members: Step = (values) =>
  values.flatMap((value) => (Array.isArray(value) ? value : isFields(value) ? Object.values(value) : []))

function bracket(inside: string): Step {
  const quoted = /^['"](.*)['"]$/.exec(inside)
  if (quoted) return child(quoted[1] ?? '')
  if (inside === '*') return members
  const filter = /^\?\(\s*@\.?(.*?)\s*==\s*['"]?(.*?)['"]?\s*\)$/.exec(inside)
  if (filter) {
    const [, path = '', wanted] = filter
    return (values) => members(values).filter((value) => text(jsonPath(value, `.${path}`)[0]) === wanted)
  }
  const index = Number(inside)
  return (values) =>
    values.flatMap((value) => {
      const item = Array.isArray(value) ? value.at(index) : undefined
      return item === undefined ? [] : [item]
    })
}

const token = /\.((?:\\.|[^.[\]\\])+)|\[((?:\?\([^)]*\)|'[^']*'|"[^"]*"|[^\]])*)\]/g
const compiled = new Map<string, readonly Step[]>()

function compile(path: string): readonly Step[] {
  const known = compiled.get(path)
  if (known !== undefined) return known
  const plain = path.replace(/^\{(.*)\}$/, '$1')
  const steps = [...plain.matchAll(token)].map(([, name, inside]) =>
    name === undefined
      ? bracket(inside ?? '')
      : name === '*'
        ? members
        : child(name.replaceAll(/\\(.)/g, '$1')),
  )
  compiled.set(path, steps)
  return steps
}

/** Every value at the path. */
export const jsonPath = (value: unknown, path: string): unknown[] =>
  compile(path).reduce<unknown[]>((values, step) => step(values), [value])
