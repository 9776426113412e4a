// Groups of random members over all annotations, good and bad values alike: model and plan never throw, say the same whatever the order
// in which objects arrive, and come to rest.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { prefix } from '../../src/annotation/define.ts'
import { declarations } from '../../src/annotation/table.ts'
import { canonical } from '../../src/lib/json.ts'
import { build } from '../../src/model/build.ts'
import type { Cluster, Ingress, Service } from '../../src/model/cluster.ts'
import { groupsOf } from '../../src/model/group.ts'
import { project } from '../../src/plan/project.ts'
import { clusterOf, factsOf, ingress, path, service, settingsOf } from '../model/fixture.ts'
import { empty } from '../plan/simulate.ts'

const seed = 20261121
const stack = 'team'
const settings = settingsOf()
const facts = factsOf()
/** What says which group an Ingress is in, and whether it is served at all, is given apart. */
const apart = new Set(['group.name'])

/** The example of the declaration, what is often meant, and rubbish. */
const value = (example: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(example) },
    {
      weight: 2,
      arbitrary: fc.constantFrom('', 'true', 'none', '1', '{}', '[]', 'null', 'a=b,c=d', '[{"HTTPS": 443}]'),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 30 }) },
    { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
  )
const annotation = fc
  .constantFrom(...declarations.filter(({ name }) => !apart.has(name)))
  .chain(({ name, family, example }) =>
    fc.tuple(
      family
        ? fc.constantFrom('web', 'api', 'gone', 'HTTPS-443').map((member) => `${prefix}${name}${member}`)
        : fc.constant(`${prefix}${name}`),
      value(example),
    ),
  )
const annotations = fc.array(annotation, { maxLength: 6 }).map((pairs) => Object.fromEntries(pairs))
const backend = fc.constantFrom('web', 'api', 'gone')
const host = fc.constantFrom(undefined, 'shop.example.com', '*.example.com', 'SHOP.example.com')
const onePath = fc
  .tuple(
    fc.constantFrom('/', '/a', '/a/', '/a/b', '/a*', 'x', ''),
    fc.constantFrom('Prefix', 'Exact', 'ImplementationSpecific'),
    backend,
    fc.boolean(),
  )
  .map(([text, pathType, name, annotated]) =>
    path(text, name, {
      pathType,
      ...(annotated ? { backend: { service: { name, port: { name: 'use-annotation' } } } } : {}),
    } as never),
  )
const member = fc.record({
  annotations,
  order: fc.option(fc.integer({ min: -2, max: 2 }), { nil: undefined }),
  host,
  paths: fc.array(onePath, { minLength: 1, maxLength: 3 }),
})
const group = fc.record({
  members: fc.array(member, { minLength: 1, maxLength: 30 }),
  services: fc.record({ web: annotations, api: annotations }),
})
type Group = typeof group extends fc.Arbitrary<infer T> ? T : never

function clusterFrom({ members, services }: Group): Cluster {
  const ingresses = members.map(
    ({ annotations: stated, order, host: of, paths }, at): Ingress =>
      ingress(`shop/app-${String(at).padStart(2, '0')}`, {
        annotations: {
          'target-type': 'ip',
          ...stated,
          'group.name': stack,
          ...(order === undefined ? {} : { 'group.order': String(order) }),
        },
        spec: { rules: [{ ...(of === undefined ? {} : { host: of }), http: { paths } }] },
      }),
  )
  const named = (name: string, stated: Readonly<Record<string, string>>): Service => {
    const one = service(`shop/${name}`)
    return { ...one, metadata: { ...one.metadata, annotations: stated } }
  }
  return clusterOf(ingresses, { services: [named('web', services.web), named('api', services.api)] })
}

const modelled = (cluster: Cluster) =>
  [...groupsOf(cluster, settings).groups.keys()].sort().map((one) => build(one, cluster, facts, settings))
/** Problems are told on their objects: their order has no meaning. */
const said = (built: ReturnType<typeof modelled>): string =>
  canonical(built.map(({ desired, problems }) => [desired, problems.map((one) => canonical(one)).sort()]))

test('a model never throws, and is the same whatever the order in which objects arrive', () => {
  fc.assert(
    fc.property(group, (given) => {
      const cluster = clusterFrom(given)
      const before = said(modelled(cluster))
      assert.equal(said(modelled(cluster)), before)
      const turned = {
        ...cluster,
        ingresses: cluster.ingresses.toReversed(),
        services: cluster.services.toReversed(),
      }
      assert.equal(said(modelled(turned)), before)
    }),
    { seed, numRuns: 300 },
  )
})

test('a plan never throws, is the same twice, and comes to rest', () => {
  fc.assert(
    fc.property(group, (given) => {
      for (const { desired } of modelled(clusterFrom(given))) {
        const input = { now: 0, settings }
        const way = project(desired, { ...empty, stack: desired.stack }, input)
        assert.ok(way.stages.length < 60, `no end: ${canonical(way.stages.at(-1))}`)
        assert.equal(
          canonical(project(desired, { ...empty, stack: desired.stack }, input).plan),
          canonical(way.plan),
        )
      }
    }),
    { seed, numRuns: 100 },
  )
})
