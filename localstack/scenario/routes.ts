/** The scenarios `paths`, `hosts`, `mixed` and `exact`: Ingresses that differ in how they route, each proved by requests. */
import { ingress, ingressClass, type PathRule } from './manifest.ts'
import type { Scenario } from './scenario.ts'
import { type Expectation, served, workload } from './served.ts'

type Routes = {
  readonly name: string
  readonly title: string
  readonly services: readonly string[]
  readonly paths: readonly PathRule[]
  readonly expectations: readonly Expectation[]
}

const routes = ({ name, title, services, paths: rules, expectations }: Routes): Scenario =>
  served({
    name,
    title,
    prepare: () => ({
      objects: [
        ingressClass('aws-alb'),
        ...services.flatMap((one) => workload(one, { namespace: name, replicas: 2 })),
        ingress(name, {
          namespace: name,
          class: 'aws-alb',
          annotations: { scheme: 'internet-facing', 'target-type': 'ip' },
          paths: rules,
        }),
      ],
      expectations,
    }),
  })

export const paths = routes({
  name: 'paths',
  title: 'One Ingress, two paths, two Services',
  services: ['tomcat', 'httpd'],
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
  services: ['shop', 'blog', 'docs'],
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
  services: ['static', 'prod', 'dev'],
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
  services: ['exact', 'foo', 'bar', 'any'],
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
