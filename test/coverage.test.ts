// Nothing that a user can state is without a case: each annotation, each field of our kinds, each flag of the model, each kind of problem.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseAllDocuments, parse } from 'yaml'
import { prefix } from '../src/annotation/define.ts'
import { declarations } from '../src/annotation/table.ts'
import { crdFiles } from '../scripts/crds.ts'
import { problemKinds } from '../scripts/docs/problems.ts'
import { flags } from '../src/flag.ts'

const files = (folder: string, name: RegExp): readonly string[] =>
  readdirSync(join(import.meta.dirname, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => name.test(path))
    .map((path) => readFileSync(join(import.meta.dirname, folder, path), 'utf8'))

type Tree = { readonly [key: string]: unknown }
type Stated = { readonly kind: string; readonly metadata?: { annotations?: Tree }; readonly spec?: unknown }

const objects = [...files('case', /input(-\d+)?\.yaml$/), ...files('takeover', /input(-\d+)?\.yaml$/)]
  .flatMap((text) => parseAllDocuments(text))
  .flatMap((document) => (document.toJS() as Stated | null) ?? [])

test('each annotation is in a case', () => {
  const stated = new Set(objects.flatMap(({ metadata }) => Object.keys(metadata?.annotations ?? {})))
  const missing = declarations.filter(({ name, family }) => {
    const key = `${prefix}${name}`
    return family ? ![...stated].some((one) => one.startsWith(key)) : !stated.has(key)
  })
  assert.deepEqual(
    missing.map(({ name }) => name),
    [],
  )
})

/** `a.b[].c` for each leaf that a schema allows, or that an object has. */
function leaves(schema: Tree, path = ''): readonly string[] {
  const { properties, items } = schema as { readonly properties?: Tree; readonly items?: Tree }
  if (properties !== undefined && Object.keys(properties).length > 0)
    return Object.entries(properties).flatMap(([key, one]) =>
      leaves(one as Tree, path === '' ? key : `${path}.${key}`),
    )
  if (items !== undefined) return leaves(items, `${path}[]`)
  return [path]
}
const paths = (value: unknown, path = ''): readonly string[] =>
  Array.isArray(value)
    ? value.flatMap((item) => paths(item, `${path}[]`))
    : typeof value === 'object' && value !== null
      ? [
          path,
          ...Object.entries(value).flatMap(([key, one]) => paths(one, path === '' ? key : `${path}.${key}`)),
        ]
      : [path]

for (const kind of ['IngressClassParams', 'TargetGroupBinding'])
  test(`each field of ${kind} is in a case`, () => {
    const crd = crdFiles()
      .map(
        ({ text }) =>
          parse(text) as {
            spec: {
              names: { kind: string }
              versions: { schema: { openAPIV3Schema: { properties: { spec: Tree } } } }[]
            }
          },
      )
      .find(({ spec }) => spec.names.kind === kind)
    const schema = crd?.spec.versions.at(-1)?.schema.openAPIV3Schema.properties.spec
    assert.ok(schema !== undefined)
    const stated = new Set(objects.filter((one) => one.kind === kind).flatMap(({ spec }) => paths(spec)))
    assert.deepEqual(
      leaves(schema).filter(
        (path) =>
          ![...stated].some(
            (one) => one === path || one.startsWith(`${path}[`) || one.startsWith(`${path}.`),
          ),
      ),
      [],
    )
  })

/** Those of AWS's answers are in tests that let AWS answer so. */
test('each kind of problem is in a case or a test', () => {
  const told = [...files('case', /status(-\d+)?\.json$/)].join('\n')
  const tests = files('.', /\.test\.ts$/).join('\n')
  assert.deepEqual(
    problemKinds.filter(
      (kind) => !told.includes(`"${kind}"`) && !new RegExp(`['/ ^]${kind}[': ]`).test(tests),
    ),
    [],
  )
})

test('each flag is in a test', () => {
  const given = new Set(files('case', /config\.yaml$/).flatMap((text) => Object.keys(parse(text) as Tree)))
  const used = [...files('.', /\.(ts|json)$/)].join('\n')
  const member = (flag: string): string =>
    flag.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
  assert.deepEqual(
    Object.keys(flags).filter(
      (flag) =>
        !given.has(flag) &&
        !used.includes(`--${flag}`) &&
        !used.includes(`'${flag}'`) &&
        !used.includes(`${member(flag)}:`),
    ),
    [],
  )
})

/** Sentences in the code: string literals and templates of three words or more; what a template fills in may be anything. */
function sentences(code: string): readonly RegExp[] {
  const literals = code
    .replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')
    .matchAll(
      /'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\$]|\\.|\$(?!\{)|\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\})*)`/g,
    )
  return [...literals].flatMap(([, single, double, template]) => {
    const text = single ?? double ?? template ?? ''
    const parts = template === undefined ? [text] : text.split(/\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\}/)
    if (parts.join('x').split(' ').length < 3) return []
    const plain = parts.map((part) =>
      part.replaceAll(/\\(.)/g, '$1').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    )
    return [new RegExp(plain.join('.*'))]
  })
}

/** Told where AWS or Kubernetes answers so: end-to-end and webhook tests let them. */
const toldElsewhere: readonly string[] = [
  'is ended after',
  "can't be read",
  'allow the controller to get, list and watch Secret',
  'unable to determine the state of the Shield Advanced subscription',
  'Allow shield:GetSubscriptionState',
  'Allow wafv2:ListWebACLs',
]

test('each sentence that the model can tell is told in a case', () => {
  const cases = files('case', /status(-\d+)?\.json$/).flatMap(
    (text) => (JSON.parse(text) as { events?: { message: string }[] }).events ?? [],
  )
  const others = [...files('case', /plan(-\d+)?\.json|account\.yaml$/), ...files('.', /\.test\.ts$/)]
  const told = [
    ...new Set([...cases.map(({ message }) => message), ...others.flatMap((text) => text.split('\n'))]),
  ].filter((text) => text.length < 1_000)
  const all = files('../src/model', /\.ts$/).flatMap(sentences)
  assert.ok(all.length > 100, `only ${all.length} sentences found`)
  const missing = all.filter(
    (one) =>
      !told.some((text) => one.test(text)) &&
      !toldElsewhere.some((text) => one.source.replaceAll('\\', '').includes(text)),
  )
  assert.deepEqual(
    missing.map(({ source }) => source),
    [],
  )
})
