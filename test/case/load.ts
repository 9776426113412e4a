/** Reads a case: `<feature>/<what it shows>/` with input.yaml, input-2.yaml where it shows a change, and input-3.yaml where it shows another. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import type { Facts as Seed } from '../../localstack/aws/seed-facts.ts'
import type { Ids } from '../../localstack/aws/service.ts'
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

export type Account = Seed & {
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
  /** The whole way, where the case keeps it. */
  readonly wayFile?: string
  /** How many plans are applied before the next stage begins; absent: until nothing is left to do. */
  readonly rounds?: number
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
    // Bindings have a driver and files of their own.
    .filter((feature) => feature.isDirectory() && feature.name !== 'binding')
    .flatMap(({ name: feature }) =>
      readdirSync(join(root, feature)).map((shown): string => `${feature}/${shown}`),
    )
    .sort()

const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8')

/** What is laid over account.yaml: each replaces whole lists of those before. */
export type CaseFiles = readonly object[]

export function configOf(
  files: CaseFiles,
  flags: object,
): { readonly account: Account; readonly config: Config } {
  const account: Account = Object.assign({}, parse(read('account.yaml')), ...files)
  const argv = Object.entries({
    'cluster-name': account.clusterName,
    'aws-region': account.region,
    'aws-vpc-id': account.vpcId,
    'enable-leader-election': false,
    ...flags,
  }).map(([flag, value]) => `--${flag}=${String(value)}`)
  const config = readConfig(argv, {})
  if (!config.ok) throw new Error(config.error.join('; '))
  return { account, config: config.value }
}

export function loadCase(name: string): Case {
  const yamlIn = (file: string): object =>
    existsSync(join(root, name, file)) ? (parse(read(name, file)) as object) : {}
  const { account, config } = configOf([yamlIn('aws.yaml')], yamlIn('config.yaml'))
  const [shows = ''] = read(name, 'input.yaml').split('\n')
  // rounds.yaml: by input file, how far a stage gets before the next one.
  const rounds = yamlIn('rounds.yaml') as Readonly<Record<string, number>>
  const endings = ['', '-2', '-3', '-4'].filter((ending) =>
    existsSync(join(root, name, `input${ending}.yaml`)),
  )
  return {
    name,
    shows: shows.replace(/^# ?/, ''),
    account,
    settings: config.settings,
    stages: endings.map((ending) => ({
      ...clusterOf(read(name, `input${ending}.yaml`)),
      planFile: join(root, name, `plan${ending}.json`),
      statusFile: join(root, name, `status${ending}.json`),
      ...(existsSync(join(root, name, `way${ending}.json`))
        ? { wayFile: join(root, name, `way${ending}.json`) }
        : {}),
      ...(rounds[`input${ending}`] === undefined ? {} : { rounds: rounds[`input${ending}`] }),
    })),
  }
}

/** Ids that count up from above those of account.yaml, so that the same calls get the same answers. */
export function countedIds(): Ids {
  let made = 0xa000
  const next = (): number => (made += 1)
  return {
    hex: (_kind, length) => next().toString(16).padStart(length, '0'),
    digits: () => '1000000000',
  }
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
