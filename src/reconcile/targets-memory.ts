/** What the targets loop remembers between passes; nothing that AWS or the cluster can't tell again after a restart. */
import { createHistogram, type Histogram } from '../lib/histogram.ts'
import type { ActualTargetGroup } from '../model/actual.ts'
import type { TargetType } from '../model/target-group.ts'
import type { TargetAddress } from '../plan/step.ts'
import type { RefusedTargets } from './refused-targets.ts'

/** Pods or nodes can be its targets. */
export type Bindable = ActualTargetGroup & { readonly targetType: TargetType }

export type TargetsMemory = {
  /** Since when a binding has had no endpoints although the cluster doesn't say that there are none. */
  readonly emptySince: Map<string, number>
  /** Since when new targets of a binding wait for the security groups that guard them. */
  readonly closedSince: Map<string, number>
  /** Pods whose gate waits, by target group ARN: since when we know of each, by uid. */
  readonly waiting: Map<string, ReadonlyMap<string, number>>
  /** Conditions written a moment ago, by pod uid and type: the watch may not show them yet. */
  readonly told: Map<string, { readonly text: string; readonly status: string; readonly at: number }>
  /** Own targets of bindings on shared target groups, as their ConfigMap has them. */
  readonly recorded: Map<string, readonly TargetAddress[]>
  /** Which pod each target of a binding was when last seen: `<id>:<port>` to its key and uid. */
  readonly pods: Map<string, ReadonlyMap<string, { readonly key: string; readonly uid: string }>>
  /** Bindings of whose Service nothing is known for now: their pods are watched one by one. */
  readonly held: Set<string>
  /** Pods that would fail requests when they leave, by binding; their uids. */
  readonly leavingTooSoon: Map<string, ReadonlySet<string>>
  /** Targets that AWS did not take, by binding. */
  readonly refused: Map<string, RefusedTargets>
  /** Target groups in which something was registered that still drained: when to look whether it does still. */
  readonly drained: Map<string, { readonly dueMs: number; readonly everyMs: number }>
  /** Deleted bindings whose targets get requests still: their target groups. */
  readonly orphans: Map<string, string>
  /** Target groups that bindings of users name, by ARN or name. */
  readonly groups: Map<string, Bindable>
  /** How long readiness gates kept pods waiting. */
  readonly gateSeconds: Histogram
  /** Registered ones that are on their way out, by binding and key: since when that is known. */
  readonly leavingSince: Map<string, ReadonlyMap<string, number>>
  /** How long they stayed registered. */
  readonly leftSeconds: Histogram
  /** By VPC, as last read: an event does not wait for a read. */
  readonly vpcCidrs: Map<string, readonly string[]>
  /** The first sweep runs; after it every group is looked at anyhow. */
  starting: boolean
  /** The targets of known groups are being read again. */
  healing: boolean
}

export const createTargetsMemory = (): TargetsMemory => ({
  emptySince: new Map(),
  closedSince: new Map(),
  waiting: new Map(),
  told: new Map(),
  recorded: new Map(),
  pods: new Map(),
  held: new Set(),
  leavingTooSoon: new Map(),
  refused: new Map(),
  drained: new Map(),
  orphans: new Map(),
  groups: new Map(),
  gateSeconds: createHistogram([1, 2, 5, 10, 15, 20, 30, 45, 60, 120, 300, 600]),
  leavingSince: new Map(),
  leftSeconds: createHistogram([0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30]),
  vpcCidrs: new Map(),
  starting: false,
  healing: false,
})

export function forgetBinding(memory: TargetsMemory, binding: string, targetGroup?: string): void {
  memory.emptySince.delete(binding)
  memory.closedSince.delete(binding)
  memory.recorded.delete(binding)
  memory.pods.delete(binding)
  memory.held.delete(binding)
  memory.leavingTooSoon.delete(binding)
  memory.refused.delete(binding)
  memory.leavingSince.delete(binding)
  if (targetGroup !== undefined) {
    memory.waiting.delete(targetGroup)
    memory.drained.delete(targetGroup)
    memory.groups.delete(targetGroup)
  }
}
