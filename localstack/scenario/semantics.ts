/** The scenario `kubernetes`: hosts, paths and default backends as the Kubernetes API means them, for one class, beside ALBC's meaning for another. */
import { ingress, ingressClass, type PathRule } from './manifest.ts'
import { served, workload } from './served.ts'

const name = 'kubernetes'
const to = (service: string, path: string, more: Partial<PathRule> = {}): PathRule => ({
  path,
  service,
  port: 8080,
  ...more,
})
const annotations = { scheme: 'internet-facing', 'target-type': 'ip', 'group.name': 'meanings' }

export const kubernetes = served({
  name,
  title: "Kubernetes' own meaning of hosts, paths and default backends, by the annotation of a class",
  prepare: () => ({
    objects: [
      ingressClass('aws-alb'),
      ingressClass('exact', { 'albatross.dev/ingress-semantics': 'kubernetes' }),
      ...['any', 'one', 'label', 'prefix', 'long', 'other', 'rest', 'loose'].flatMap((service) =>
        workload(service, { namespace: name }),
      ),
      ingress(name, {
        namespace: name,
        class: 'exact',
        annotations,
        paths: [
          to('label', '/', { host: '*.example.com' }),
          to('prefix', '/foo', { host: 'shop.example.com' }),
          to('one', '/foo', { host: 'shop.example.com', pathType: 'Exact' }),
          to('long', '/foo/bar', { host: 'shop.example.com' }),
          to('long', '/cart', { host: 'cart.example.net' }),
        ],
        defaultBackend: { service: 'any', port: 8080 },
      }),
      ingress('other', {
        namespace: name,
        class: 'exact',
        annotations: { ...annotations, 'group.order': '10' },
        paths: [to('other', '/other', { host: 'cart.example.net' })],
      }),
      ingress('rest', {
        namespace: name,
        class: 'exact',
        annotations,
        paths: [],
        defaultBackend: { service: 'rest', port: 8080 },
      }),
      ingress('loose', {
        namespace: name,
        class: 'aws-alb',
        annotations: { ...annotations, 'group.order': '20' },
        paths: [to('loose', '/', { host: '*.example.org' })],
      }),
    ],
    expectations: [
      { host: 'shop.example.com', path: '/foo', by: 'one' },
      { host: 'shop.example.com', path: '/foo/', by: 'prefix' },
      { host: 'shop.example.com', path: '/foo/x', by: 'prefix' },
      { host: 'shop.example.com', path: '/foo/bar/x', by: 'long' },
      { host: 'cart.example.net', path: '/cart', by: 'long' },
      { host: 'cart.example.net', path: '/other/x', by: 'other' },
      { host: 'cart.example.net', path: '/else', by: 'any' },
      { host: 'a.example.com', path: '/x', by: 'label' },
      { host: 'A.Example.com:8080', path: '/x', by: 'label' },
      { host: 'a.b.example.com', path: '/x', by: 'rest' },
      { host: 'example.com', path: '/x', by: 'rest' },
      { host: 'shop.example.com', path: '/foox', by: 'label' },
      { host: 'unknown.example.net', path: '/', by: 'rest' },
      { host: 'a.b.example.org', path: '/', by: 'loose' },
    ],
  }),
})
