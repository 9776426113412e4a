/** The scenarios `paths`, `hosts`, `mixed` and `exact`: Ingresses that differ in how they route, each proved by requests. */
import { difference, expect, expectEqual } from './check.ts'
import { backendOf, hostnameOf } from './look.ts'
import { deployment, ingress, ingressClass, namespace, type PathRule, service } from './manifest.ts'
import type { Scenario, World } from './scenario.ts'

/** A request and who should answer: a Deployment's name, or a status. */
type Expectation = { readonly host?: string; readonly path: string; readonly by: string | number }

type Routes = {
  readonly name: string
  readonly title: string
  readonly services: readonly { readonly name: string; readonly port: number; readonly targetPort: number }[]
  readonly paths: readonly PathRule[]
  readonly expectations: readonly Expectation[]
}

async function answers(
  world: World,
  hostname: string,
  expectations: readonly Expectation[],
): Promise<string> {
  const found = await Promise.all(
    expectations.map(async ({ host, path }) => {
      const answer = await world.request(hostname, path, host === undefined ? {} : { host })
      return answer.status === 200 ? backendOf(answer) : answer.status
    }),
  )
  expectEqual(
    found.map((by, i) => ({ ...expectations[i], by })),
    expectations.map((expectation) => ({ ...expectation })),
    'who answered',
  )
  return `${expectations.length} requests, each by the right backend`
}

const routes = ({ name, title, services, paths, expectations }: Routes): Scenario => ({
  name,
  title,
  play: async ({ world, checks }) => {
    const objects = [
      namespace(name),
      ingressClass('aws-alb'),
      ...services.flatMap((one) => [
        deployment(one.name, { namespace: name, port: one.targetPort, replicas: 2 }),
        service(one.name, { namespace: name, port: one.port, targetPort: one.targetPort }),
      ]),
      ingress(name, {
        namespace: name,
        class: 'aws-alb',
        annotations: { scheme: 'internet-facing', 'target-type': 'ip' },
        paths,
      }),
    ]
    const before = await world.state()
    await world.controller.start()
    await world.kube.apply(...objects)
    const hostname = await checks.until(
      'the Ingress has the address of its load balancer',
      () => hostnameOf(world, name, name),
      {
        withinMs: 15_000,
      },
    )
    await checks.until(
      'every request is answered by the backend that its rule names',
      () => answers(world, hostname, expectations),
      {
        withinMs: 15_000,
      },
    )
    await world.kube.remove(...objects.slice(1).reverse(), namespace(name))
    await checks.until(
      'everything deleted: the account is as it was before',
      async () => {
        const after = await world.state()
        expect(after === before, difference(before, after))
      },
      { withinMs: 20_000 },
    )
    return objects
  },
})

const web = (name: string): { name: string; port: number; targetPort: number } => ({
  name,
  port: 8080,
  targetPort: 8080,
})

export const paths = routes({
  name: 'paths',
  title: 'One Ingress, two paths, two Services',
  services: [web('tomcat'), web('httpd')],
  paths: [
    { path: '/tomcat', service: 'tomcat', port: 8080 },
    { path: '/httpd', service: 'httpd', port: 8080 },
  ],
  expectations: [
    { path: '/tomcat', by: 'tomcat' },
    { path: '/tomcat/index.html', by: 'tomcat' },
    { path: '/httpd', by: 'httpd' },
    { path: '/other', by: 404 },
  ],
})

export const hosts = routes({
  name: 'hosts',
  title: 'Three hosts, one Service each; an unknown host is a 404',
  services: [web('shop'), web('blog'), web('docs')],
  paths: [
    { host: 'shop.example.com', path: '/', service: 'shop', port: 8080 },
    { host: 'blog.example.com', path: '/', service: 'blog', port: 8080 },
    { host: 'docs.example.com', path: '/', service: 'docs', port: 8080 },
  ],
  expectations: [
    { host: 'shop.example.com', path: '/', by: 'shop' },
    { host: 'SHOP.example.com', path: '/cart', by: 'shop' },
    { host: 'blog.example.com', path: '/a/b', by: 'blog' },
    { host: 'docs.example.com', path: '/', by: 'docs' },
    { host: 'nobody.example.com', path: '/', by: 404 },
  ],
})

export const mixed = routes({
  name: 'mixed',
  title: 'One Ingress that routes by path and by host',
  services: [web('static'), web('prod'), web('dev')],
  paths: [
    { path: '/static', service: 'static', port: 8080 },
    { host: 'prod.example.com', path: '/', service: 'prod', port: 8080 },
    { host: 'dev.example.com', path: '/', service: 'dev', port: 8080 },
  ],
  expectations: [
    { path: '/static/app.js', by: 'static' },
    { host: 'prod.example.com', path: '/static', by: 'static' },
    { host: 'prod.example.com', path: '/', by: 'prod' },
    { host: 'dev.example.com', path: '/x', by: 'dev' },
    { host: 'test.example.com', path: '/x', by: 404 },
  ],
})

export const exact = routes({
  name: 'exact',
  title: 'Exact before Prefix, the longest Prefix first, /foo also for /foo/ and /foo/x but not for /foox',
  services: [web('exact'), web('foo'), web('bar'), web('any')],
  paths: [
    { path: '/foo', pathType: 'Prefix', service: 'foo', port: 8080 },
    { path: '/foo/bar', pathType: 'Prefix', service: 'bar', port: 8080 },
    { path: '/foo', pathType: 'Exact', service: 'exact', port: 8080 },
    { path: '/any/*', pathType: 'ImplementationSpecific', service: 'any', port: 8080 },
  ],
  expectations: [
    { path: '/foo', by: 'exact' },
    { path: '/foo/', by: 'foo' },
    { path: '/foo/x', by: 'foo' },
    { path: '/foo/bar', by: 'bar' },
    { path: '/foo/bar/x', by: 'bar' },
    { path: '/foox', by: 404 },
    { path: '/any/thing', by: 'any' },
    { path: '/any', by: 404 },
  ],
})
