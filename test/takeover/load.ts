/** Reads a recording of ALBC (`<folder>/<case>`): its objects, the account before, what ALBC wrote, and the model that it logged. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type {
  Cluster,
  EndpointSlice,
  Ingress,
  IngressClass,
  IngressClassParams,
  KubeObject,
  Namespace,
  Node,
  Pod,
  OidcSecret,
  Service,
  TargetGroupBinding,
} from '../../src/model/cluster.ts'
import { keyOf } from '../../src/model/cluster.ts'
import { ok } from '../../src/lib/result.ts'
import type { Facts } from '../../src/model/facts.ts'
import type { SecretFact } from '../../src/model/oidc-secret.ts'
import { type FeatureGate, settings, type Settings } from '../../src/model/settings.ts'
import type { Tags } from '../../src/model/tag.ts'
import { slimSecret } from '../../src/watch/transform.ts'

const takeoverFolder = process.env['TAKEOVER_DIR'] ?? import.meta.dirname

export type RecordedCall = {
  readonly service: string
  readonly action: string
  readonly input: Readonly<Record<string, unknown>>
  readonly output?: Readonly<Record<string, unknown>>
  readonly error?: unknown
  readonly status: number
}

/** facts.json: lists in the shapes of the SDK's Describe answers. */
type RawFacts = {
  readonly region: string
  readonly account: string
  readonly clusterName: string
  readonly vpcId: string
  readonly vpcs: readonly RawVpc[]
  readonly subnets: readonly RawSubnet[]
  readonly securityGroups: readonly RawSecurityGroup[]
  readonly routeTables: readonly RawRouteTable[]
  readonly availabilityZones: readonly { ZoneName: string; ZoneId: string; ZoneType: string }[]
  readonly certificates: readonly RawCertificate[]
  readonly webAcls?: readonly { Name: string; ARN: string }[]
  readonly shieldSubscription?: string
  readonly instances: readonly Readonly<Record<string, unknown>>[]
  readonly targetGroups: readonly Readonly<Record<string, unknown>>[]
  readonly loadBalancers: readonly Readonly<Record<string, unknown>>[]
}
type RawTags = readonly { Key: string; Value: string }[]
type RawVpc = {
  VpcId: string
  CidrBlock: string
  CidrBlockAssociationSet?: readonly { CidrBlock: string }[]
  Ipv6CidrBlockAssociationSet?: readonly { Ipv6CidrBlock: string }[]
}
type RawSubnet = {
  SubnetId: string
  VpcId: string
  AvailabilityZone: string
  AvailabilityZoneId: string
  CidrBlock: string
  Ipv6CidrBlockAssociationSet?: readonly {
    Ipv6CidrBlock: string
    Ipv6CidrBlockState?: { State: string }
  }[]
  AvailableIpAddressCount: number
  OutpostArn?: string
  Tags?: RawTags
}
type RawSecurityGroup = { GroupId: string; GroupName: string; VpcId: string; Tags?: RawTags }
type RawRouteTable = {
  Associations: readonly { Main?: boolean; SubnetId?: string }[]
  Routes: readonly { GatewayId?: string }[]
}
type RawCertificate = {
  CertificateArn: string
  Status?: string
  SubjectAlternativeNames?: readonly string[]
  CertificateAuthorityArn?: string
}

export type TakeoverCase = {
  readonly name: string
  /** All objects of input.yaml. */
  readonly objects: readonly KubeObject[]
  readonly cluster: Cluster
  readonly slices: readonly EndpointSlice[]
  readonly pods: readonly Pod[]
  readonly nodes: readonly Node[]
  readonly bindings: readonly TargetGroupBinding[]
  readonly facts: Facts
  readonly rawFacts: RawFacts
  readonly settings: Settings
  readonly flags: readonly string[]
  readonly calls: readonly RecordedCall[]
  /** One per group that ALBC built; empty where it built none. */
  readonly models: readonly RecordedModel[]
  /** The shared backend security group as recorded. */
  readonly backendSecurityGroup: string | undefined
}
export type RecordedModel = {
  readonly id: string
  readonly resources: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

export const caseNames = (folder = takeoverFolder): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => existsSync(join(folder, entry.name, 'input.yaml')))
    .map((entry) => entry.name)
    .sort()

/** Whether the recording goes on with a change of the objects. */
export const hasEdit = (name: string, folder = takeoverFolder): boolean =>
  existsSync(join(folder, name, 'input-2.yaml'))

const json = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T
const tagsOf = (tags: RawTags = []): Tags => Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]))

/** `stage` 2 of an `update-*` case: the objects after the change. */
export function loadCase(name: string, folder = takeoverFolder, stage: 1 | 2 = 1): TakeoverCase {
  const at = (file: string, ending: string): string =>
    join(folder, name, stage === 1 ? `${file}.${ending}` : `${file}-2.${ending}`)
  const objects = parseAllDocuments(readFileSync(at('input', 'yaml'), 'utf8')).flatMap(
    (document) => (document.toJS() as KubeObject | null) ?? [],
  )
  const ofKind = <T extends KubeObject>(kind: string): readonly T[] =>
    objects.filter((object): object is T => object.kind === kind)
  const rawFacts = json<RawFacts>(join(folder, name, 'facts.json'))
  const flags = json<readonly string[]>(join(folder, name, 'flags.json'))
  const callsOf = (path: string): readonly RecordedCall[] =>
    existsSync(path)
      ? readFileSync(path, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as RecordedCall)
      : []
  const calls = callsOf(at('calls', 'jsonl'))
  const model = existsSync(at('model', 'json'))
    ? json<RecordedModel | readonly RecordedModel[] | null>(at('model', 'json'))
    : []
  return {
    name,
    objects,
    cluster: {
      ingresses: ofKind<Ingress>('Ingress'),
      ingressClasses: ofKind<IngressClass>('IngressClass'),
      ingressClassParams: ofKind<IngressClassParams>('IngressClassParams'),
      namespaces: ofKind<Namespace>('Namespace'),
      services: ofKind<Service>('Service'),
    },
    slices: ofKind<EndpointSlice>('EndpointSlice'),
    pods: ofKind<Pod>('Pod'),
    nodes: ofKind<Node>('Node'),
    bindings: ofKind<TargetGroupBinding>('TargetGroupBinding'),
    facts: { ...factsOf(rawFacts), secrets: secretFacts(ofKind<OidcSecret>('Secret')) },
    rawFacts,
    settings: settingsOf(rawFacts, flags),
    flags,
    calls,
    models: model === null ? [] : isList(model) ? model : [model],
    backendSecurityGroup: backendOf(rawFacts, [...calls, ...callsOf(join(folder, name, 'calls.jsonl'))]),
  }
}

/** All, as if somebody had asked for each. */
const secretFacts = (secrets: readonly OidcSecret[]): ReadonlyMap<string, SecretFact> =>
  new Map(
    secrets.map((secret) => {
      const object = slimSecret(secret)
      return [keyOf(object), { found: true, object, version: object.metadata.resourceVersion ?? '1' }]
    }),
  )

/** Objects that ALBC wrote, without events. */
export type ClusterAfter = readonly (KubeObject & {
  readonly status?: { readonly conditions?: readonly unknown[] }
})[]
export const readAfter = (name: string, folder = takeoverFolder): ClusterAfter =>
  parseAllDocuments(readFileSync(join(folder, name, 'cluster-after.yaml'), 'utf8')).flatMap((document) => {
    const object = document.toJS() as ClusterAfter[number] | null
    return object === null || object.kind === 'EventList' ? [] : [object]
  })

const isList = (model: RecordedModel | readonly RecordedModel[]): model is readonly RecordedModel[] =>
  Array.isArray(model)

const factsOf = (raw: RawFacts): Facts => ({
  vpcId: raw.vpcId,
  vpcCidrs: raw.vpcs
    .filter(({ VpcId }) => VpcId === raw.vpcId)
    .flatMap((vpc) => [
      vpc.CidrBlock,
      ...(vpc.CidrBlockAssociationSet ?? []).map(({ CidrBlock }) => CidrBlock),
      ...(vpc.Ipv6CidrBlockAssociationSet ?? []).map(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
    ]),
  subnets: raw.subnets.map((subnet) => ({
    id: subnet.SubnetId,
    vpcId: subnet.VpcId,
    availabilityZone: subnet.AvailabilityZone,
    availabilityZoneId: subnet.AvailabilityZoneId,
    cidr: subnet.CidrBlock,
    ipv6Cidrs: (subnet.Ipv6CidrBlockAssociationSet ?? [])
      .filter(({ Ipv6CidrBlockState }) => (Ipv6CidrBlockState?.State ?? 'associated') === 'associated')
      .map(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
    availableIpAddressCount: subnet.AvailableIpAddressCount,
    ...(subnet.OutpostArn === undefined ? {} : { outpostArn: subnet.OutpostArn }),
    tags: tagsOf(subnet.Tags),
  })),
  routeTables: raw.routeTables.map(({ Associations, Routes }) => ({
    main: Associations.some(({ Main }) => Main),
    subnetIds: Associations.flatMap(({ SubnetId }) => SubnetId ?? []),
    public: Routes.some(({ GatewayId }) => GatewayId?.startsWith('igw')),
  })),
  webAcls: ok((raw.webAcls ?? []).map(({ ARN: arn, Name: name }) => ({ arn, name }))),
  shieldSubscribed: ok(raw.shieldSubscription === 'ACTIVE'),
  availabilityZones: raw.availabilityZones.map(({ ZoneName, ZoneId, ZoneType }) => ({
    name: ZoneName,
    id: ZoneId,
    type: ZoneType,
  })),
  securityGroups: raw.securityGroups.map(({ GroupId, VpcId, Tags: tags }) => ({
    id: GroupId,
    vpcId: VpcId,
    tags: tagsOf(tags),
  })),
  namedTargetGroups: new Map(
    raw.targetGroups.map((one) => [String(one['TargetGroupName']), String(one['TargetGroupArn'])]),
  ),
  certificates: raw.certificates
    .filter(({ Status }) => (Status ?? 'ISSUED') === 'ISSUED')
    .map((certificate) => ({
      arn: certificate.CertificateArn,
      domains: certificate.SubjectAlternativeNames ?? [],
      ...(certificate.CertificateAuthorityArn === undefined
        ? {}
        : { issuerArn: certificate.CertificateAuthorityArn }),
    })),
})

function settingsOf(raw: RawFacts, flags: readonly string[]): Settings {
  const value = (name: string): string | undefined =>
    flags.find((flag) => flag.startsWith(`--${name}=`))?.slice(name.length + 3)
  const pairs = (text = ''): Tags =>
    Object.fromEntries(
      text
        .split(',')
        .filter((pair) => pair !== '')
        .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    )
  const backend = value('backend-security-group')
  const given = settings({
    clusterName: raw.clusterName,
    region: raw.region,
    vpcId: raw.vpcId,
    defaultTags: pairs(value('default-tags')),
    externalManagedTags: (value('external-managed-tags') ?? '').split(',').filter((key) => key !== ''),
    ...(backend === undefined ? {} : { backendSecurityGroup: backend }),
  })
  const gates = Object.entries(pairs(value('feature-gates'))).map(([gate, on]): [string, boolean] => [
    gate,
    on === 'true',
  ])
  return {
    ...given,
    featureGates: { ...given.featureGates, ...(Object.fromEntries(gates) as Record<FeatureGate, boolean>) },
  }
}

function backendOf(raw: RawFacts, calls: readonly RecordedCall[]): string | undefined {
  const created = calls.find(
    ({ action, input }) =>
      action === 'CreateSecurityGroup' &&
      input['Description'] === '[k8s] Shared Backend SecurityGroup for LoadBalancer',
  )?.output?.['GroupId']
  if (typeof created === 'string') return created
  return raw.securityGroups.find(({ Tags: tags }) => tagsOf(tags)['elbv2.k8s.aws/resource'] === 'backend-sg')
    ?.GroupId
}
