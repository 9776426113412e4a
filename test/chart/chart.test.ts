// The chart says what the controller understands: its flags, its values, its copies of generated files.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { flags } from '../../src/flag.ts'
import { metricKinds } from '../../src/reconcile/metric.ts'

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

test("each value is in the schema, and the other way round but for those of ALBC's chart that do nothing here", () => {
  const values = Object.keys(parse(chart('values.yaml')) as object)
  const { properties } = JSON.parse(chart('values.schema.json')) as {
    properties: Record<string, { description?: string }>
  }
  assert.deepEqual(
    values.toSorted(),
    Object.entries(properties)
      .filter(
        ([name, { description = '' }]) => name !== 'global' && !description.startsWith("Of ALBC's chart"),
      )
      .map(([name]) => name)
      .toSorted(),
  )
})

test('what kubectl and helm read says the same to them: YAML 1.1, to which a bare `on` is true', () => {
  const root = join(import.meta.dirname, '../..')
  const files = ['crds', 'chart/crds', 'chart/files', 'policy', 'docs/argo-cd'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => join(root, folder, file)),
  )
  assert.ok(files.length > 10)
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    const read = (version: '1.1' | '1.2') =>
      parseAllDocuments(text, { version }).map((document) => JSON.stringify(document.toJSON()))
    assert.deepEqual(read('1.1'), read('1.2'), file)
  }
})

test('the chart has the version of the package', () => {
  const { version } = JSON.parse(chart('../package.json')) as { version: string }
  const { version: own, appVersion } = parse(chart('Chart.yaml')) as { version: string; appVersion: string }
  assert.deepEqual([own, appVersion], [version, version])
})

test('dashboard and alerts name only metrics that there are, and each of those is on the dashboard', () => {
  const names = (text: string): readonly string[] =>
    [...text.matchAll(/albatross_([a-z_]+?)(?:_bucket)?(?=[^a-z_])/g)].map(([, name = '']) => name)
  const known = Object.keys(metricKinds)
  const shown = new Set(names(chart('files/dashboard.json')))
  assert.deepEqual(
    [...shown, ...names(chart('files/alerts.yaml'))].filter((name) => !known.includes(name)),
    [],
  )
  const alone = new Set(['webhook_certificate_expires_seconds'])
  assert.deepEqual(
    known.filter((name) => !shown.has(name) && !alone.has(name)),
    [],
  )
})
