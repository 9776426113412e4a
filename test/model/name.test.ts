/** The golden vectors of names (`albc-model` 17). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as name from '../../src/model/name.ts'

test('load balancers', () => {
  const table: readonly [string, string, string, string][] = [
    ['', 'awesome-ns/ing-1', 'internet-facing', 'k8s-awesomen-ing1-43b698093c'],
    ['', 'explicit-group', 'internal', 'k8s-explicitgroup-5bf9e53c23'],
    ['cluster-dummy', 'ns-1/ing-1', 'internal', 'k8s-ns1-ing1-b7e914000d'],
    ['cluster-dummy', 'ns-1/ing-1', 'internet-facing', 'k8s-ns1-ing1-159dd7a143'],
    ['prod', 'shop/web.front-end', 'internet-facing', 'k8s-shop-webfront-89b64726a0'],
    ['prod', 'shop/web.front-end', 'internal', 'k8s-shop-webfront-ea5d2686da'],
    ['prod', 'my-team.awesome-group', 'internal', 'k8s-myteamawesomegrou-266d7dee34'],
  ]
  for (const [cluster, stack, scheme, expected] of table)
    assert.equal(name.loadBalancerName(cluster, stack, scheme), expected)
})

test('security groups', () => {
  assert.equal(name.managedSecurityGroupName('cluster-dummy', 'ns-1/ing-1'), 'k8s-ns1-ing1-bd83176788')
  assert.equal(name.managedSecurityGroupName('prod', 'shop/web.front-end'), 'k8s-shop-webfront-969180b9ce')
  assert.equal(
    name.managedSecurityGroupName('prod', 'my-team.awesome-group'),
    'k8s-myteamawesomegrou-bdbca4dc17',
  )
  assert.equal(name.backendSecurityGroupName('testCluster'), 'k8s-traffic-testCluster-411a1bcdb1')
  assert.equal(name.backendSecurityGroupName('my-eks_cluster.1'), 'k8s-traffic-myekscluster1-27758055dc')
})

test('target groups', () => {
  const http = { targetType: 'instance', protocol: 'HTTP', protocolVersion: 'HTTP1' }
  const dummy = { ingress: { namespace: 'ns-1', name: 'ing-1' } }
  const own = {
    ingress: { namespace: 'ns-1', name: 'name-1' },
    service: { namespace: 'ns-1', name: 'name-1', uid: 'my-uuid' },
    servicePort: 'http',
    ...http,
    targetType: 'ip',
  }
  const shop = {
    ingress: { namespace: 'shop', name: 'web.front-end' },
    service: { namespace: 'shop', name: 'cart-service', uid: '0b1f6b2e-1c1d-4d3a-9d51-5f6f0f6b7a11' },
  }
  const table: readonly [string, string, name.TargetGroupIdentity, string][] = [
    [
      'cluster-dummy',
      'ns-1/ing-1',
      {
        ...dummy,
        service: { namespace: 'ns-1', name: 'svc-1', uid: '' },
        servicePort: 'http',
        port: 32_768,
        ...http,
      },
      'k8s-ns1-svc1-9889425938',
    ],
    [
      'cluster-dummy',
      'ns-1/ing-1',
      {
        ...dummy,
        service: { namespace: 'ns-1', name: 'svc-3', uid: '' },
        servicePort: 'https',
        port: 8443,
        targetType: 'ip',
        protocol: 'HTTPS',
        protocolVersion: 'HTTP1',
      },
      'k8s-ns1-svc3-bf42870fba',
    ],
    ['', '', { ...own, port: 8080 }, 'k8s-ns1-name1-2c37289a00'],
    ['', '', { ...own, servicePort: '80', port: 8080 }, 'k8s-ns1-name1-ab859e54b5'],
    ['', '', { ...own, port: 8080, targetControlPort: 80 }, 'k8s-ns1-name1-7ed91338c9'],
    [
      'prod',
      'shop/web.front-end',
      { ...shop, servicePort: '80', port: 8080, ...http, targetType: 'ip' },
      'k8s-shop-cartserv-a85ce59713',
    ],
    [
      'prod',
      'shop/web.front-end',
      { ...shop, servicePort: 'http', port: 31_080, ...http },
      'k8s-shop-cartserv-389466fa7c',
    ],
    [
      'prod',
      'my-team.awesome-group',
      { ...shop, servicePort: 'grpc', port: 1, targetType: 'ip', protocol: 'HTTP', protocolVersion: 'GRPC' },
      'k8s-shop-cartserv-5c346e979a',
    ],
  ]
  for (const [cluster, stack, identity, expected] of table)
    assert.equal(name.targetGroupName(cluster, stack, identity), expected)
})

test('names of the Network Load Balancer in front, and of its target groups', () => {
  assert.equal(name.frontendNlbName('k8s-shop-web-63400ea3d5'), 'k8s-shop-web-63400ea3d5-nlb')
  assert.equal(name.frontendNlbName('x'.repeat(32)), `${'x'.repeat(28)}-nlb`)
  const of = (stack: string, port: number, checkProtocol: string) =>
    name.frontendTargetGroupName('prod', stack, { port, checkPort: 'traffic-port', checkProtocol })
  assert.equal(of('shop/web.front-end', 80, 'HTTP'), 'k8s-shop-webfront-0f29e3b2dc')
  assert.equal(of('my-team.awesome-group', 443, 'HTTPS'), 'k8s-myteamawesomegrou-9a307bc673')
})
