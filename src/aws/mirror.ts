/** Everything we own in the account and region, as the last sweep and our own writes left it. */
import { canonical } from '../lib/json.ts'
import type { SecretVersion } from '../model/action.ts'
import type {
  Actual,
  ActualListener,
  ActualLoadBalancer,
  ActualRule,
  ActualSecurityGroup,
  ActualTargetGroup,
  AddOns,
} from '../model/actual.ts'
import type { TargetGroupBinding } from '../model/cluster.ts'
import { type Ref, refKey } from '../model/ref.ts'
import { clusterTag, sharedResourceTag, stackTag, type Tags } from '../model/tag.ts'
import { loadBalancerArnOf } from './codec/rule.ts'
import { attachmentsIn } from './attachment.ts'
import { AttachedAddOns } from './attached-add-ons.ts'
import { Certificates } from './certificates.ts'
import { type Awaited, combined, type Doubt } from './doubt.ts'
import { Registrations } from './registrations.ts'
import { resolveRef } from './resolve.ts'
import { type Merge, Table } from './table.ts'

export type MirrorSettings = {
  readonly clusterName: string
  readonly vpcId: string
  readonly featureGates?: { readonly EnableCertificateManagement: boolean }
  /** Where others write too: which stacks are ours. Absent: all. */
  readonly isMine?: (stack: string) => boolean
  /** Where others register: how long what was read of targets counts, in milliseconds. */
  readonly targetsKeptMs?: number
}

type Ownable = {
  readonly tags: Tags
  readonly vpcId: string
  readonly type?: string
  readonly targetType?: string
}
type Attributed = { readonly attributes?: Readonly<Record<string, string>>; readonly addOns?: AddOns }
const keepAttributes = <T extends Attributed>(old: T, read: T): T => ({
  ...read,
  ...(old.attributes === undefined ? {} : { attributes: old.attributes }),
  ...(old.addOns === undefined ? {} : { addOns: old.addOns }),
})
const keeping = <T extends Attributed>(moved?: Merge<T>['moved']): Merge<T> => ({
  kept: keepAttributes,
  ...(moved === undefined ? {} : { moved }),
})

export class Mirror {
  readonly loadBalancers = new Table<ActualLoadBalancer>(
    ({ arn }) => arn,
    keeping((own, { state }) => ({ ...own, state })),
  )
  readonly listeners = new Table<ActualListener>(({ arn }) => arn, keeping())
  readonly rules = new Table<ActualRule>(({ arn }) => arn)
  readonly targetGroups = new Table<ActualTargetGroup>(
    ({ arn }) => arn,
    keeping((own, { loadBalancerArns }) => ({ ...own, loadBalancerArns })),
  )
  readonly addOns = new AttachedAddOns(this.loadBalancers)
  /** Ours, and those of nodes and pods that somebody asked for. */
  readonly securityGroups = new Table<ActualSecurityGroup>(({ id }) => id)
  readonly registrations = new Registrations()
  readonly certificates: Certificates
  /** With which version of a Secret we wrote a rule or a listener's default: AWS never tells. By ARN. */
  readonly credentials = new Map<string, SecretVersion>()
  /** When the last complete list of load balancers, target groups and security groups began. */
  indexedAt: number | undefined
  readonly #settings: MirrorSettings
  readonly #contentReadAt = new Map<string, number>()
  readonly #doubts = new Map<string, Doubt>()
  /** Load balancers that we deleted. */
  readonly #gone = new Set<string>()
  readonly #made = new Map<string, string>()

  constructor(settings: MirrorSettings) {
    this.#settings = settings
    this.certificates = new Certificates(settings.featureGates?.EnableCertificateManagement === true)
  }

  get clusterName(): string {
    return this.#settings.clusterName
  }
  get vpcId(): string {
    return this.#settings.vpcId
  }

  /** Ours: this cluster's tag, in this VPC. Network load balancers of Services bear it too, and no stack of Ingresses. */
  owns({ tags, vpcId, type, targetType }: Ownable): boolean {
    const { clusterName, vpcId: home, isMine } = this.#settings
    const stack = tags[stackTag]
    const alien = (type === 'network' || targetType === 'alb') && stack === undefined
    const others = stack !== undefined && isMine !== undefined && !isMine(stack)
    return tags[clusterTag] === clusterName && vpcId === home && !alien && !others
  }

  get backendSecurityGroup(): string | undefined {
    return this.securityGroups
      .values()
      .filter((group) => this.owns(group) && group.tags[sharedResourceTag] === 'backend-sg')
      .map(({ id }) => id)
      .sort()[0]
  }

  stacks(): string[] {
    const owned = [
      ...this.loadBalancers.values(),
      ...this.targetGroups.values(),
      ...this.securityGroups.values(),
    ]
    const certificates = this.certificates
      .values()
      .filter(({ tags }) => tags[clusterTag] === this.#settings.clusterName)
    const all = [...owned.filter((one) => this.owns(one)), ...certificates]
    return [...new Set(all.map(({ tags }) => tags[stackTag]))].filter((stack) => stack !== undefined).sort()
  }

  /** The stack's own and those in front, by ARN. */
  loadBalancersOf(stack: string): readonly [own: ActualLoadBalancer[], frontends: ActualLoadBalancer[]] {
    const all = this.#ofStack(this.loadBalancers, stack).sort(byArn)
    const [frontends, own] = split(all, ({ type }) => type === 'network')
    return [own, frontends]
  }
  #ofStack<T extends { readonly tags: Tags; readonly vpcId: string }>(table: Table<T>, stack: string): T[] {
    return table.values().filter((one) => this.owns(one) && one.tags[stackTag] === stack)
  }

  actual(stack: string, bindings: readonly TargetGroupBinding[]): Actual {
    const mine = <T extends { readonly tags: Tags; readonly vpcId: string }>(table: Table<T>): T[] =>
      this.#ofStack(table, stack)
    const [loadBalancers, frontends] = this.loadBalancersOf(stack)
    const attachments = attachmentsIn(this.rules.values(), this.listeners.values())
    const arns = new Set(loadBalancers.map(({ arn }) => arn))
    const listeners = this.#listenersOf(loadBalancers)
    const rules = this.rules.values().filter(({ listenerArn }) => arns.has(loadBalancerArnOf(listenerArn)))
    const groups = mine(this.targetGroups)
      .map((group) => this.#attached(group, attachments))
      .sort(byArn)
    const [fronting, targetGroups] = split(groups, ({ targetType }) => targetType === 'alb')
    const backend = this.backendSecurityGroup
    return {
      stack,
      loadBalancers,
      listeners,
      rules: rules.sort((a, b) =>
        a.listenerArn === b.listenerArn ? a.priority - b.priority : a.listenerArn < b.listenerArn ? -1 : 1,
      ),
      targetGroups,
      frontend: {
        loadBalancers: frontends,
        listeners: this.#listenersOf(frontends),
        targetGroups: fronting,
      },
      securityGroups: mine(this.securityGroups).sort((a, b) => (a.id < b.id ? -1 : 1)),
      ...this.#certificatesOf(stack),
      ...(backend === undefined ? {} : { backendSecurityGroup: backend }),
      bindings,
      targets: Object.fromEntries(
        groups.flatMap(({ arn }) => {
          const { targetsKeptMs = Infinity } = this.#settings
          const isOld = Date.now() - (this.registrations.readAt(arn) ?? 0) > targetsKeptMs
          const targets = isOld ? undefined : this.registrations.get(arn)
          return targets === undefined ? [] : [[arn, targets] as const]
        }),
      ),
    }
  }

  #listenersOf(loadBalancers: readonly ActualLoadBalancer[]): ActualListener[] {
    const arns = new Set(loadBalancers.map(({ arn }) => arn))
    return this.listeners
      .values()
      .filter(({ loadBalancerArn }) => arns.has(loadBalancerArn))
      .sort(byArn)
  }

  #certificatesOf(stack: string): Pick<Actual, 'certificates' | 'certificatesRefused'> {
    const { managed, refused } = this.certificates
    if (!managed) return {}
    return refused
      ? { certificatesRefused: refused }
      : { certificates: this.certificates.of(this.#settings.clusterName, stack) }
  }

  /** AWS derives this list from the rules: so do we for load balancers whose rules we know, which our writes change. */
  #attached(
    group: ActualTargetGroup,
    attachments: ReadonlyMap<string, ReadonlySet<string>>,
  ): ActualTargetGroup {
    // What we deleted, and what we know better, may linger in AWS's own list.
    const elsewhere = group.loadBalancerArns.filter(
      (arn) => !this.#contentReadAt.has(arn) && !this.#gone.has(arn),
    )
    const loadBalancerArns = new Set([...elsewhere, ...(attachments.get(group.arn) ?? [])])
    return { ...group, loadBalancerArns: [...loadBalancerArns].sort() }
  }

  /** When its listeners and rules were last read; absent: never. */
  contentReadAt(loadBalancerArn: string): number | undefined {
    return this.#contentReadAt.get(loadBalancerArn)
  }
  contentRead(loadBalancerArn: string, beganAt: number): void {
    this.#contentReadAt.set(loadBalancerArn, beganAt)
  }

  /** We deleted it. */
  isGone(loadBalancerArn: string): boolean {
    return this.#gone.has(loadBalancerArn)
  }
  loadBalancerDeleted(arn: string): void {
    this.loadBalancers.deleted(arn)
    this.#gone.add(arn)
    this.#contentReadAt.delete(arn)
    for (const listener of this.listeners.values())
      if (listener.loadBalancerArn === arn) this.listenerDeleted(listener.arn)
  }
  listenerDeleted(arn: string): void {
    this.listeners.deleted(arn)
    for (const rule of this.rules.values()) if (rule.listenerArn === arn) this.rules.deleted(rule.arn)
  }
  targetGroupDeleted(arn: string): void {
    this.targetGroups.deleted(arn)
    this.registrations.forget(arn)
  }

  /** Drops what belonged to something that is gone. */
  prune(): void {
    for (const { arn, loadBalancerArn } of this.listeners.values())
      if (this.loadBalancers.get(loadBalancerArn) === undefined) this.listeners.forget(arn)
    for (const { arn, listenerArn } of this.rules.values())
      if (this.loadBalancers.get(loadBalancerArnOf(listenerArn)) === undefined) this.rules.forget(arn)
    for (const arn of this.#contentReadAt.keys())
      if (this.loadBalancers.get(arn) === undefined) this.#contentReadAt.delete(arn)
    for (const arn of this.credentials.keys()) if (!this.has(arn)) this.credentials.delete(arn)
    for (const [key, arn] of this.#made) if (!this.has(arn)) this.#made.delete(key)
    this.addOns.prune()
  }
  get #tables() {
    return [this.loadBalancers, this.listeners, this.rules, this.targetGroups, this.securityGroups]
  }
  /** Whether it holds a resource of this ARN or id. */
  has(key: string): boolean {
    return this.#tables.some((table) => table.get(key) !== undefined)
  }
  /** Whether we wrote this resource so lately that AWS' not knowing it proves nothing. */
  isYoung(key: string): boolean {
    return this.#tables.some((table) => table.isYoung(key))
  }

  /** A create's answer: what the Ref stands for from now on. */
  made(ref: Ref, arn: string): void {
    this.#made.set(refKey(ref), arn)
  }

  /** The ARN or id that a Ref stands for now, if it is certain. */
  resolve(ref: Ref): string | undefined {
    if (ref.ref === 'securityGroup' && ref.stack === '') return this.backendSecurityGroup
    const owned = {
      loadBalancers: this.loadBalancers.values(),
      listeners: this.listeners.values(),
      targetGroups: this.targetGroups.values(),
      securityGroups: this.securityGroups.values().filter((group) => this.owns(group)),
    }
    return resolveRef(ref, owned, this.#made.get(refKey(ref)))
  }

  doubt(stack: string): Doubt | undefined {
    return this.#doubts.get(stack)
  }
  isSuspect(key: string): boolean {
    return [...this.#doubts.values()].some(({ suspects }) => suspects.has(key))
  }
  /** A write failed so that we may be wrong about these; the next read of the stack decides. */
  doubted(stack: string, why: string, suspects: readonly string[], awaited: readonly Awaited[] = []): void {
    for (const table of this.#tables) for (const key of suspects) table.doubt(key)
    const added = { why, suspects: new Set(suspects), awaited }
    this.#doubts.set(stack, combined(this.#doubts.get(stack), added))
  }
  setDoubt(stack: string, doubt: Doubt | undefined): void {
    if (doubt === undefined) this.#doubts.delete(stack)
    else this.#doubts.set(stack, doubt)
  }

  /** A text per stack that differs when anything in it does: how a sweep tells drift. */
  digests(): Map<string, string> {
    return new Map(
      this.stacks().map((stack) => [stack, canonical({ ...this.actual(stack, []), targets: {} })]),
    )
  }
}

function split<T>(all: readonly T[], test: (one: T) => boolean): readonly [T[], T[]] {
  return [all.filter(test), all.filter((one) => !test(one))]
}
const byArn = (a: { readonly arn: string }, b: { readonly arn: string }): number => (a.arn < b.arn ? -1 : 1)
