// The chart says what the controller understands: its flags, its values, its copies of generated files.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { flags } from '../../src/flag.ts'

const chart = (file: string): string => readFileSync(join(import.meta.dirname, '../../chart', file), 'utf8')

test('each flag that the chart gives is one of the controller', () => {
  const text = chart('templates/_helpers.tpl')
  const given = [
    ...[...text.matchAll(/^- --([a-z-]+)=/gm)].map(([, name = '']) => name),
    ...[...text.matchAll(/^ {2}"([a-z-]+)" \.Values/gm)].map(([, name = '']) => name),
  ]
  assert.ok(given.length > 20)
  assert.deepEqual(
    given.filter((name) => !Object.hasOwn(flags, name)),
    [],
  )
})

test('each value is in the schema, and the other way round', () => {
  const values = Object.keys(parse(chart('values.yaml')) as object)
  const { properties } = JSON.parse(chart('values.schema.json')) as { properties: object }
  assert.deepEqual(
    values.toSorted(),
    Object.keys(properties)
      .filter((name) => name !== 'global')
      .toSorted(),
  )
})

test('the chart has the version of the package', () => {
  const { version } = JSON.parse(chart('../package.json')) as { version: string }
  const { version: own, appVersion } = parse(chart('Chart.yaml')) as { version: string; appVersion: string }
  assert.deepEqual([own, appVersion], [version, version])
})
