/** What the server says it serves: versions, groups, resources; plain and aggregated. */
import type { Fields } from './object.ts'
import { apiVersionOf, type Resource } from './resource.ts'

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const part = ['get', 'patch', 'update']

/** Questions that are answered and not stored. */
export const reviews = [
  {
    group: 'authorization.k8s.io',
    version: 'v1',
    kind: 'SelfSubjectAccessReview',
    plural: 'selfsubjectaccessreviews',
  },
  { group: 'authentication.k8s.io', version: 'v1', kind: 'SelfSubjectReview', plural: 'selfsubjectreviews' },
] as const

export const version = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: 'v1.36.3',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: 'linux/amd64',
}

const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' }

function resourceEntries(resource: Resource): Fields[] {
  const { plural, kind, singular, namespaced, shortNames, categories } = resource
  const names = {
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
  }
  const sub = (name: string, more: Fields): Fields => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    verbs: part,
    ...more,
  })
  return [
    { name: plural, singularName: singular, namespaced, kind, verbs, ...names },
    ...(resource.subresources.scale === undefined ? [] : [sub('scale', scaleKind)]),
    ...(resource.subresources.status ? [sub('status', { kind })] : []),
  ]
}

export function resourceList(resources: readonly Resource[], group: string, of: string): Fields | undefined {
  const entries = resources
    .filter((resource) => resource.group === group && resource.version === of)
    .flatMap(resourceEntries)
  for (const review of reviews)
    if (review.group === group && review.version === of)
      entries.push({
        name: review.plural,
        singularName: review.kind.toLowerCase(),
        namespaced: false,
        kind: review.kind,
        verbs: ['create'],
      })
  if (entries.length === 0) return undefined
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version: of }),
    resources: entries,
  }
}

/** Versions of each group, in the order served. */
export function groupsOf(resources: readonly Resource[]): Map<string, string[]> {
  const out = new Map<string, string[]>()
  for (const { group, version: one } of [...resources, ...reviews]) {
    const known = out.get(group) ?? []
    if (!known.includes(one)) known.push(one)
    out.set(group, known)
  }
  return out
}

export function apiGroup(name: string, versions: readonly string[]): Fields {
  const all = versions.map((one) => ({ groupVersion: `${name}/${one}`, version: one }))
  return { name, versions: all, preferredVersion: all[0] }
}

export const apiVersions = (): Fields => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1' }],
})

export const apiGroupList = (resources: readonly Resource[]): Fields => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: [...groupsOf(resources)]
    .filter(([name]) => name !== '')
    .map(([name, versions]) => apiGroup(name, versions)),
})

function aggregatedResource(resource: Resource): Fields {
  const own = { group: resource.group, version: resource.version, kind: resource.kind }
  const subresources = [
    ...(resource.subresources.scale === undefined
      ? []
      : [{ subresource: 'scale', responseKind: scaleKind, verbs: part }]),
    ...(resource.subresources.status ? [{ subresource: 'status', responseKind: own, verbs: part }] : []),
  ]
  return {
    resource: resource.plural,
    responseKind: own,
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs,
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  }
}

const aggregatedReview = ({ group, version: one, kind, plural }: (typeof reviews)[number]): Fields => ({
  resource: plural,
  responseKind: { group, version: one, kind },
  scope: 'Cluster',
  singularResource: kind.toLowerCase(),
  verbs: ['create'],
})

export const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

/** Whether the client takes the aggregated form. */
export const wantsAggregated = (accept: string | undefined): boolean =>
  (accept ?? '').replaceAll(' ', '').includes('g=apidiscovery.k8s.io;v=v2;')

export function aggregated(resources: readonly Resource[], core: boolean): Fields {
  const groups = [...groupsOf(resources)].filter(([name]) => (name === '') === core)
  const inVersion = (group: string, one: string): Fields[] => [
    ...resources.filter((it) => it.group === group && it.version === one).map(aggregatedResource),
    ...reviews.filter((it) => it.group === group && it.version === one).map(aggregatedReview),
  ]
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(([name, versions]) => ({
      metadata: name === '' ? { creationTimestamp: null } : { name, creationTimestamp: null },
      versions: versions.map((one) => ({
        version: one,
        resources: inVersion(name, one),
        freshness: 'Current',
      })),
    })),
  }
}
