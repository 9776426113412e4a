/** Which pods and nodes are targets, and what must be open to them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  Endpoint,
  EndpointSlice,
  Endpoints,
  Node,
  Pod,
  TargetGroupBinding,
} from '../../src/model/cluster.ts'
import { targetsOf } from '../../src/model/endpoint.ts'
import { collapse, permissionsFor } from '../../src/model/endpoint-permission.ts'
import { service, settingsOf } from './fixture.ts'

const binding = (spec: Partial<TargetGroupBinding['spec']> = {}): TargetGroupBinding => ({
  metadata: { namespace: 'n', name: 'tgb', uid: 'tgb' },
  spec: { targetType: 'ip', serviceRef: { name: 'web', port: 80 }, ...spec },
})
const node = (name: string, ready: string, more: Partial<Node> = {}): Node => ({
  metadata: { name, uid: name },
  spec: { providerID: `aws:///a/i-0${name.length}` },
  status: { conditions: [{ type: 'Ready', status: ready }] },
  ...more,
})
const pod = (name: string, nodeName: string, containersReady = 'True', more: Partial<Pod> = {}): Pod => ({
  metadata: { namespace: 'n', name, uid: name },
  spec: { nodeName, containers: [{ ports: [{ name: 'app', containerPort: 9000 }] }] },
  status: { conditions: [{ type: 'ContainersReady', status: containersReady }] },
  ...more,
})
const endpoint = (ip: string, name: string, ready?: boolean, more: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [ip],
  targetRef: { kind: 'Pod', namespace: 'n', name },
  ...(ready === undefined ? {} : { conditions: { ready } }),
  ...more,
})
const slice = (endpoints: readonly Endpoint[], more: Partial<EndpointSlice> = {}): EndpointSlice => ({
  metadata: { namespace: 'n', name: 's', uid: 's' },
  addressType: 'IPv4',
  ports: [
    { name: 'http', port: 8080 },
    { name: 'metrics', port: 9100 },
  ],
  endpoints,
  ...more,
})
const found = (
  endpoints: Partial<Endpoints>,
  spec: Partial<TargetGroupBinding['spec']> = {},
  settings: Parameters<typeof settingsOf>[0] = {},
) => {
  const all = { service: service('n/web'), slices: [], pods: [], nodes: [], ...endpoints }
  const result = targetsOf(binding(spec), all, settingsOf(settings), ['10.0.0.0/16', 'fd00::/8'])
  return {
    targets: result.targets.map(({ id, port, availabilityZone }) =>
      [id, port, ...(availabilityZone === undefined ? [] : [availabilityZone])].join(':'),
    ),
    pending: result.pending.map(({ metadata }) => metadata.name),
    problems: result.problems.map(({ kind, level }) => `${level} ${kind}`),
  }
}
const targets = (...all: readonly string[]) => ({ targets: all, pending: [], problems: [] })

test('ready pods by the port of that name; foreign addresses belong to all zones', () => {
  const endpoints = [
    endpoint('10.0.0.1', 'a', true),
    endpoint('10.0.0.2', 'b'),
    endpoint('172.16.0.1', 'c', true),
    endpoint('10.0.0.9', 'unknown', true),
    endpoint('10.0.0.8', 'a', true, { targetRef: { kind: 'Node', name: 'a' } }),
  ]
  const pods = ['a', 'b', 'c'].map((name) => pod(name, 'n1'))
  assert.deepEqual(
    found({ slices: [slice(endpoints)], pods }),
    targets('10.0.0.1:8080', '10.0.0.2:8080', '172.16.0.1:8080:all'),
  )
  const six = slice([endpoint('fd00::1', 'a', true)], { addressType: 'IPv6' })
  assert.deepEqual(
    found({ slices: [slice(endpoints), six], pods }, { ipAddressType: 'ipv6' }),
    targets('fd00::1:8080'),
  )
})

test('a pod that waits for us alone is a target; one that is not ready is pending', () => {
  const slices = [
    slice([
      endpoint('10.0.0.1', 'gate', false),
      endpoint('10.0.0.2', 'starting', false),
      endpoint('10.0.0.3', 'leaving', false, { conditions: { ready: false, terminating: true } }),
      endpoint('10.0.0.4', 'silent', false),
    ]),
  ]
  const pods = [pod('gate', 'n1'), pod('starting', 'n1', 'False'), pod('leaving', 'n1'), pod('silent', 'n2')]
  const nodes = [node('n1', 'True'), node('n2', 'Unknown')]
  assert.deepEqual(found({ slices, pods, nodes }), {
    targets: ['10.0.0.1:8080'],
    pending: ['starting', 'silent'],
    problems: [],
  })
})

test('hand-written endpoints are targets; those whose pod nobody knows are left alone', () => {
  const [bare] = [{ addresses: ['192.168.9.9'] }]
  const slices = [
    slice([
      bare as Endpoint,
      endpoint('10.0.0.9', 'unheard', true),
      endpoint('10.0.0.7', 'gone', false, { conditions: { ready: false, terminating: true } }),
      endpoint('10.0.0.8', 'a', true, { targetRef: { kind: 'Pod', namespace: 'n', name: 'a', uid: 'old' } }),
    ]),
  ]
  const result = targetsOf(
    binding(),
    { service: service('n/web'), slices, pods: [pod('a', 'n1')], nodes: [] },
    settingsOf(),
    ['10.0.0.0/16'],
  )
  const ids = (all: readonly { readonly id: string }[]) => all.map(({ id }) => id)
  assert.deepEqual(
    [ids(result.targets), ids(result.unsure), ids(result.leaving)],
    [['192.168.9.9'], ['10.0.0.9', '10.0.0.8'], ['10.0.0.7']],
  )
  assert.equal(result.targets[0]?.availabilityZone, 'all')
})

test('emptiness is obeyed where the cluster says it, not where it is silent', () => {
  const empty = (endpoints: Partial<Endpoints>, spec: Partial<TargetGroupBinding['spec']> = {}) =>
    targetsOf(
      binding(spec),
      {
        service: service('n/web', { type: 'NodePort', ports: [{ port: 80, nodePort: 31_080 }] }),
        slices: [],
        pods: [],
        nodes: [],
        ...endpoints,
      },
      settingsOf(),
      [],
    ).emptyObeyed
  assert.equal(empty({ slices: [slice([])] }), true)
  assert.equal(empty({ slices: [] }), false)
  const instance = { targetType: 'instance' as const }
  assert.equal(empty({ nodes: [] }, instance), false)
  assert.equal(empty({ nodes: [node('a', 'False')] }, instance), false)
  const master = { metadata: { name: 'm', uid: 'm', labels: { 'node-role.kubernetes.io/master': '' } } }
  assert.equal(empty({ nodes: [node('m', 'True', master)] }, instance), true)
  // All are about to go, and nobody came in their place: better they than nobody.
  const taints = [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }]
  const going = { spec: { providerID: 'aws:///a/i-04', taints } }
  assert.equal(empty({ nodes: [node('a', 'True', going)] }, instance), false)
})

test('when nothing is known to be ready, silent nodes count, unless the gate is off', () => {
  const slices = [slice([endpoint('10.0.0.4', 'silent', false)])]
  const world = { slices, pods: [pod('silent', 'n2')], nodes: [node('n2', 'Unknown')] }
  assert.deepEqual(found(world), targets('10.0.0.4:8080'))
  const featureGates = { ...settingsOf().featureGates, EndpointsFailOpen: false }
  assert.deepEqual(found(world, {}, { featureGates }), { targets: [], pending: ['silent'], problems: [] })
})

test('nodes: ready, eligible, chosen; the node port', () => {
  const spec = { targetType: 'instance' as const }
  const open = service('n/web', { type: 'NodePort', ports: [{ port: 80, nodePort: 31_080 }] })
  const nodes = [
    node('a', 'True'),
    node('bb', 'False'),
    node('ccc', 'True', {
      metadata: {
        name: 'ccc',
        uid: 'c',
        labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' },
      },
    }),
    node('dddd', 'True', {
      spec: {
        providerID: 'aws:///a/i-04',
        taints: [{ key: 'karpenter.sh/disrupted', effect: 'NoSchedule' }],
      },
    }),
    node('eeeee', 'True', { metadata: { name: 'eeeee', uid: 'e', labels: { role: 'edge' } } }),
    node('ffffff', 'Unknown'),
  ]
  assert.deepEqual(found({ service: open, nodes }, spec), targets('i-01:31080', 'i-05:31080'))
  const nodeSelector = { matchLabels: { role: 'edge' } }
  assert.deepEqual(found({ service: open, nodes }, { ...spec, nodeSelector }), targets('i-05:31080'))
  assert.deepEqual(found({ service: open, nodes: nodes.slice(5) }, spec), targets('i-06:31080'))
  assert.deepEqual(found({ nodes }, spec).problems, ['error ServiceUnusable'])
})

test('what is not there is an error', () => {
  assert.deepEqual(found({ service: undefined }).problems, ['error ServiceMissing'])
  const serviceRef = { name: 'web', port: 'nope' }
  assert.deepEqual(found({}, { serviceRef }).problems, ['error ServicePortMissing'])
  const external = service('n/web', { type: 'ExternalName' })
  assert.deepEqual(found({ service: external }).problems, ['error ServiceUnusable'])
  const six = slice([endpoint('fd00::1', 'a', true)], { addressType: 'IPv6' })
  assert.deepEqual(found({ slices: [six], pods: [pod('a', 'n1')] }).problems, ['error EndpointsUnusable'])
})

test('permissions: names are looked up in the pod, ranges joined per source', () => {
  const source = { target: { id: '10.0.0.1', port: 8080 }, pod: pod('a', 'n1') }
  const from = [{ securityGroup: { groupID: 'sg-1' } }]
  const rule = (port: number | string) => ({ from, ports: [{ protocol: 'TCP' as const, port }] })
  const one = binding({ networking: { ingress: [rule('app'), rule(8081), rule(8081)] } })
  const permissions = permissionsFor(one, [source])
  assert.deepEqual(
    permissions.map(({ fromPort, toPort }) => [fromPort, toPort]),
    [
      [9000, 9000],
      [8081, 8081],
    ],
  )
  assert.deepEqual(collapse(permissions), [
    {
      protocol: 'tcp',
      fromPort: 8081,
      toPort: 9000,
      source: { securityGroup: 'sg-1' },
      description: 'elbv2.k8s.aws/targetGroupBinding=shared',
    },
  ])
  assert.deepEqual(permissionsFor(one, []), [])
  assert.deepEqual(permissionsFor(binding(), [source]), [])
  const open = binding({ networking: { ingress: [{ from, ports: [{ protocol: 'TCP' }] }] } })
  assert.deepEqual(
    permissionsFor(open, [source]).map(({ fromPort, toPort }) => [fromPort, toPort]),
    [[0, 65_535]],
  )
})
