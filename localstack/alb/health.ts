/** Health checks of every target of a group in use, each at the group's interval; the account is told what they find. */
import type { TargetHealth } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Account } from '../aws/account.ts'
import { setTargetHealth } from '../aws/elbv2/target-state.ts'
import type { Timing } from '../timing.ts'
import type { Reach } from './exchange.ts'
import { probe } from './probe.ts'
import type { GroupEntry, Table, TargetEntry } from './table.ts'

const checking: TargetHealth = {
  State: 'initial',
  Reason: 'Elb.InitialHealthChecking',
  Description: 'Initial health checks in progress',
}

type Life = {
  group: GroupEntry
  target: TargetEntry
  readonly registeredAt: number
  readonly stopped: AbortController
  timer?: NodeJS.Timeout
  successes: number
  failures: number
}

export class HealthChecks {
  readonly #account: Account
  readonly #reach: Reach
  readonly #timing: Timing
  readonly #lives = new Map<string, Life>()

  constructor(account: Account, reach: Reach, timing: Timing) {
    this.#account = account
    this.#reach = reach
    this.#timing = timing
  }

  follow(table: Table): void {
    const wanted = new Set<string>()
    for (const group of table.groups.values()) {
      if (!group.inUse || group.wire.HealthCheckEnabled === false) continue
      for (const target of group.targets) {
        if (target.draining || target.ip === undefined) continue
        const key = `${group.arn} ${target.key}`
        wanted.add(key)
        const life = this.#lives.get(key)
        if (life?.registeredAt === target.record.registeredAt) Object.assign(life, { group, target })
        else this.#start(key, group, target)
      }
    }
    for (const key of this.#lives.keys()) if (!wanted.has(key)) this.#end(key)
  }

  stop(): void {
    for (const key of this.#lives.keys()) this.#end(key)
  }

  #start(key: string, group: GroupEntry, target: TargetEntry): void {
    this.#end(key)
    const life: Life = {
      group,
      target,
      registeredAt: target.record.registeredAt,
      stopped: new AbortController(),
      successes: 0,
      failures: 0,
    }
    this.#lives.set(key, life)
    if (target.record.health.State === 'initial') this.#tell(life, checking)
    this.#next(life, this.#timing.firstHealthCheckMs)
  }

  #end(key: string): void {
    const life = this.#lives.get(key)
    this.#lives.delete(key)
    clearTimeout(life?.timer)
    life?.stopped.abort()
  }

  #next(life: Life, afterMs: number): void {
    life.timer = setTimeout(() => void this.#check(life), afterMs)
  }

  async #check(life: Life): Promise<void> {
    const begun = performance.now()
    const { group, target, stopped } = life
    const reach = this.#reach
    const timing = this.#timing
    const found = await probe({ reach, timing, group: group.wire, target, signal: stopped.signal })
    if (stopped.signal.aborted) return
    this.#judge(life, found)
    const intervalMs = (life.group.wire.HealthCheckIntervalSeconds ?? 30) * 1000 * timing.healthCheckScale
    this.#next(life, Math.max(0, intervalMs - (performance.now() - begun)))
  }

  /** A new target is healthy after one success; after that both ways take as many in a row as the group says. */
  #judge(life: Life, found: TargetHealth): void {
    const healthy = found.State === 'healthy'
    life.successes = healthy ? life.successes + 1 : 0
    life.failures = healthy ? 0 : life.failures + 1
    const { HealthyThresholdCount = 5, UnhealthyThresholdCount = 2 } = life.group.wire
    const before = life.target.record.health.State
    const needed = healthy
      ? before === 'initial'
        ? 1
        : HealthyThresholdCount
      : before === 'unhealthy'
        ? 1
        : UnhealthyThresholdCount
    if (before === 'healthy' && healthy) return
    if ((healthy ? life.successes : life.failures) >= needed) this.#tell(life, found)
  }

  #tell({ group, target }: Life, health: TargetHealth): void {
    const now = target.record.health
    if (now.State === health.State && now.Description === health.Description) return
    setTargetHealth(this.#account, group.arn, target.key, health)
  }
}
