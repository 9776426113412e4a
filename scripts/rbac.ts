/** What the controller may do in a cluster, written once: the chart's roles are generated from it, and the cluster suite runs under them. */
import { definitionNames } from '../src/definitions.ts'
import { albcLease } from '../src/watch/albc.ts'
import type { GeneratedFile } from './crds.ts'

type Rule = {
  readonly groups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  readonly names?: readonly string[]
  readonly why: string
}
const follow = ['get', 'list', 'watch']

/** In every namespace. */
const cluster: readonly Rule[] = [
  {
    groups: ['networking.k8s.io'],
    resources: ['ingresses'],
    verbs: [...follow, 'patch'],
    why: 'what is served; its finalizer',
  },
  { groups: ['networking.k8s.io'], resources: ['ingresses/status'], verbs: ['patch'], why: 'the address' },
  {
    groups: ['networking.k8s.io'],
    resources: ['ingressclasses'],
    verbs: follow,
    why: 'which Ingresses are ours',
  },
  {
    groups: ['elbv2.k8s.aws'],
    resources: ['ingressclassparams'],
    verbs: follow,
    why: 'what a class decides',
  },
  {
    groups: ['elbv2.k8s.aws'],
    resources: ['targetgroupbindings'],
    verbs: [...follow, 'create', 'patch', 'delete'],
    why: 'who is registered where',
  },
  {
    groups: ['elbv2.k8s.aws'],
    resources: ['targetgroupbindings/status'],
    verbs: ['patch'],
    why: 'conditions',
  },
  {
    groups: ['albatross.dev'],
    resources: ['ingressreports', 'ingressgroups'],
    verbs: [...follow, 'create', 'patch', 'delete'],
    why: 'what the user sees',
  },
  {
    groups: ['albatross.dev'],
    resources: ['ingressreports/status', 'ingressgroups/status'],
    verbs: ['patch'],
    why: 'what the user sees',
  },
  { groups: [''], resources: ['services', 'namespaces', 'nodes', 'pods'], verbs: follow, why: 'targets' },
  { groups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: follow, why: 'targets' },
  { groups: [''], resources: ['pods/status'], verbs: ['patch'], why: 'readiness gates' },
  {
    groups: [''],
    resources: ['configmaps'],
    verbs: ['get', 'create', 'patch', 'delete'],
    why: 'records of targets in target groups that several clusters share, beside their binding',
  },
  {
    groups: ['', 'events.k8s.io'],
    resources: ['events'],
    verbs: ['create', 'patch'],
    why: 'what is told to users',
  },
  {
    groups: ['admissionregistration.k8s.io'],
    resources: ['mutatingwebhookconfigurations'],
    verbs: ['get', 'list', 'create', 'patch'],
    why: "the optional webhooks, when a flag turns them on; at the start, whether ALBC's are gone",
  },
  {
    groups: ['apiextensions.k8s.io'],
    resources: ['customresourcedefinitions'],
    names: definitionNames,
    verbs: ['get', 'patch'],
    why: 'its own definitions, brought up to date at the start (--crds=apply)',
  },
  {
    groups: ['apiextensions.k8s.io'],
    resources: ['customresourcedefinitions'],
    verbs: ['create'],
    why: 'its own definitions, where they are missing',
  },
  {
    groups: ['admissionregistration.k8s.io'],
    resources: ['validatingwebhookconfigurations'],
    verbs: ['list'],
    why: "at the start, whether ALBC's are gone",
  },
  {
    groups: ['coordination.k8s.io'],
    resources: ['leases'],
    names: [albcLease],
    verbs: ['list'],
    why: 'at the start, whether ALBC is gone',
  },
  {
    groups: ['gateway.networking.k8s.io'],
    resources: ['gateways'],
    verbs: ['list'],
    why: "at the start, whether any bears ALBC's finalizer",
  },
  {
    groups: ['admissionregistration.k8s.io'],
    resources: ['validatingadmissionpolicybindings'],
    verbs: ['get'],
    why: 'whether the policies are there that a flag relies on',
  },
]

/** In the controller's own namespace. */
const own: readonly Rule[] = [
  {
    groups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: ['get', 'create', 'update', 'patch'],
    why: 'who works, and who else is there',
  },
  {
    groups: [''],
    resources: ['secrets'],
    verbs: ['get', 'create', 'update'],
    why: "the webhooks' certificate",
  },
]

/** Where the chart's values allow it. */
const secrets: readonly Rule[] = [
  { groups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'], why: 'clients of auth-idp-oidc' },
]

const list = (items: readonly string[]): string => `[${items.map((item) => `'${item}'`).join(', ')}]`
const yaml = (rules: readonly Rule[]): string =>
  rules
    .map(
      ({ groups, resources, names, verbs, why }) =>
        `  # ${why}\n  - { apiGroups: ${list(groups)}, resources: ${list(resources)}, ${names ? `resourceNames: ${list(names)}, ` : ''}verbs: ${list(verbs)} }\n`,
    )
    .join('')

export const rbacFiles = (): readonly GeneratedFile[] => [
  { path: 'chart/files/cluster-rules.yaml', text: yaml(cluster) },
  { path: 'chart/files/own-namespace-rules.yaml', text: yaml(own) },
  { path: 'chart/files/secret-rules.yaml', text: yaml(secrets) },
]
