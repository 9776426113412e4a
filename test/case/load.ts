/** Reads a case: `<feature>/<what it shows>/` with input.yaml, and input-2.yaml where it shows a change. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import type { Facts as Seed } from '../../localstack/aws/seed-facts.ts'
import { type Config, readConfig } from '../../src/config.ts'
import {
  type Cluster,
  type Ingress,
  type IngressClass,
  type IngressClassParams,
  keyOf,
  type KubeObject,
  type Namespace,
  type OidcSecret,
  type Service,
} from '../../src/model/cluster.ts'
import type { SecretFact } from '../../src/model/oidc-secret.ts'
import { slimSecret } from '../../src/watch/transform.ts'

const root = import.meta.dirname

type Account = Seed & {
  readonly account: string
  readonly region: string
  readonly clusterName: string
  readonly vpcId: string
}
export type Stage = {
  readonly cluster: Cluster
  /** As the controller would have read them. */
  readonly secrets: ReadonlyMap<string, SecretFact>
  readonly planFile: string
  readonly statusFile: string
}
export type Case = {
  readonly name: string
  /** The comment in the first line of input.yaml. */
  readonly shows: string
  readonly account: Account
  readonly settings: Config['settings']
  readonly stages: readonly Stage[]
}

export const caseNames = (): readonly string[] =>
  readdirSync(root, { withFileTypes: true })
    .filter((feature) => feature.isDirectory())
    .flatMap(({ name: feature }) =>
      readdirSync(join(root, feature)).map((shown): string => `${feature}/${shown}`),
    )
    .sort()

const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8')

export function loadCase(name: string): Case {
  const own = existsSync(join(root, name, 'aws.yaml')) ? (parse(read(name, 'aws.yaml')) as object) : {}
  const account = { ...(parse(read('account.yaml')) as Account), ...own }
  const [shows = ''] = read(name, 'input.yaml').split('\n')
  const endings = ['', '-2'].filter((ending) => existsSync(join(root, name, `input${ending}.yaml`)))
  return {
    name,
    shows: shows.replace(/^# ?/, ''),
    account,
    settings: settingsOf(name, account),
    stages: endings.map((ending) => ({
      ...clusterOf(read(name, `input${ending}.yaml`)),
      planFile: join(root, name, `plan${ending}.json`),
      statusFile: join(root, name, `status${ending}.json`),
    })),
  }
}

/** config.yaml: flags by name. */
function settingsOf(name: string, account: Account): Config['settings'] {
  const flags = existsSync(join(root, name, 'config.yaml'))
    ? (parse(read(name, 'config.yaml')) as Readonly<Record<string, unknown>>)
    : {}
  const argv = Object.entries({
    'cluster-name': account.clusterName,
    'aws-region': account.region,
    'aws-vpc-id': account.vpcId,
    ...flags,
  }).map(([flag, value]) => `--${flag}=${String(value)}`)
  const config = readConfig(argv, {})
  if (!config.ok) throw new Error(`${name}/config.yaml: ${config.error.join('; ')}`)
  return config.value.settings
}

/** As the API server would hold them: with a uid, and the older an object is the earlier it stands in the file. */
function clusterOf(text: string): Pick<Stage, 'cluster' | 'secrets'> {
  const objects = parseAllDocuments(text).flatMap((document, index): KubeObject[] => {
    const object = document.toJS() as KubeObject | null
    if (object === null) return []
    const minute = String(index).padStart(2, '0')
    const { creationTimestamp = `2024-01-01T00:${minute}:00Z` } = object.metadata
    const uid = `uid-${object.kind}-${object.metadata.name}`
    return [{ ...object, metadata: { ...object.metadata, uid, creationTimestamp } }]
  })
  const ofKind = <T extends KubeObject>(kind: string): readonly T[] =>
    objects.filter((object): object is T => object.kind === kind)
  const secrets = ofKind<OidcSecret>('Secret').map((secret): [string, SecretFact] => [
    keyOf(secret),
    { found: true, object: slimSecret(secret), version: secret.metadata.resourceVersion ?? '1' },
  ])
  return {
    secrets: new Map(secrets),
    cluster: {
      ingresses: ofKind<Ingress>('Ingress'),
      ingressClasses: ofKind<IngressClass>('IngressClass'),
      ingressClassParams: ofKind<IngressClassParams>('IngressClassParams'),
      namespaces: ofKind<Namespace>('Namespace'),
      services: ofKind<Service>('Service'),
    },
  }
}
