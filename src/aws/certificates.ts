/** The mirror's part about certificates that bear a cluster's and a stack's tag, of whichever cluster. */
import type { ActualCertificate } from '../model/actual.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { Facts } from '../model/facts.ts'
import { clusterTag, stackTag, type Tags } from '../model/tag.ts'
import { Table } from './table.ts'

export class Certificates {
  /** Whether the controller asks for any. */
  readonly managed: boolean
  /** Why nothing is known of them. */
  refused: AwsError | undefined
  readonly #table = new Table<ActualCertificate>(({ arn }) => arn, {
    // A list doesn't tell what ACM waits for.
    kept: ({ records, failure }, read) => ({
      ...(records ? { records } : {}),
      ...(failure ? { failure } : {}),
      ...read,
    }),
    moved: (own, { status }) => ({ ...own, status }),
  })
  readonly #tags = new Map<string, Tags>()

  constructor(managed: boolean) {
    this.managed = managed
  }

  get(arn: string): ActualCertificate | undefined {
    return this.#table.get(arn)
  }
  /** What discovery may find: never what was made for one Ingress. */
  without(facts: Facts): Facts {
    const { certificates } = facts
    if (!this.managed || certificates === undefined) return facts
    return { ...facts, certificates: certificates.filter(({ arn }) => this.get(arn) === undefined) }
  }
  values(): readonly ActualCertificate[] {
    return this.#table.values()
  }
  of(clusterName: string, stack: string): readonly ActualCertificate[] {
    return this.#table
      .values()
      .filter(({ tags }) => tags[clusterTag] === clusterName && tags[stackTag] === stack)
      .sort((a, b) => (a.arn < b.arn ? -1 : 1))
  }
  /** A complete list. */
  read(all: readonly ActualCertificate[], beganAt: number): void {
    this.refused = undefined
    this.#table.read(all, { scope: () => true, beganAt })
  }
  wrote(certificate: ActualCertificate): void {
    this.#tags.set(certificate.arn, certificate.tags)
    this.#table.wrote(certificate)
  }
  deleted(arn: string): void {
    this.#table.deleted(arn)
    this.#tags.delete(arn)
  }
  learn(arn: string, change: (one: ActualCertificate) => ActualCertificate): void {
    this.#table.learn(arn, change)
  }

  tagsOf(arn: string): Tags | undefined {
    return this.#tags.get(arn)
  }
  noteTags(arn: string, tags: Tags): void {
    this.#tags.set(arn, tags)
  }
  /** Forgets those of all others. */
  keepTags(arns: readonly string[]): void {
    const listed = new Set(arns)
    for (const arn of this.#tags.keys()) if (!listed.has(arn)) this.#tags.delete(arn)
  }
}
