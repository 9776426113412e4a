/** Columns of a CustomResourceDefinition's printer columns. */
import { at, text } from '../object.ts'
import type { Column } from '../resource.ts'
import { age, name } from './column.ts'
import { jsonPath } from './json-path.ts'

const types = ['integer', 'number', 'boolean', 'date'] as const

function columnOf(given: unknown): Column {
  const path = text(at(given, 'jsonPath'))
  const type = types.find((one) => one === at(given, 'type')) ?? 'string'
  return {
    name: text(at(given, 'name')),
    type,
    format: text(at(given, 'format')),
    description: text(at(given, 'description')),
    priority: Number(at(given, 'priority') ?? 0),
    cell: (object) => {
      const value = jsonPath(object, path)[0]
      if (value === undefined) return type === 'string' ? '' : null
      if (type === 'date') return ageCell(value)
      return typeof value === 'object' ? JSON.stringify(value) : value
    },
  }
}

const ageCell = (value: unknown): unknown =>
  age.cell({
    apiVersion: '',
    kind: '',
    metadata: { name: '', uid: '', resourceVersion: '', creationTimestamp: text(value) },
  })

/** Name first; Age last where the definition has no columns of its own. */
export const customColumns = (given: readonly unknown[]): readonly Column[] => [
  name,
  ...(given.length === 0 ? [age] : given.map(columnOf)),
]
