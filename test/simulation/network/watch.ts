/** What must hold after each write of the controller, and at rest: live targets stay reachable, others' rules stay. */
import type { SecurityGroupRule } from '@aws-sdk/client-ec2'
import type { JournalEntry } from '../../../localstack/aws/journal.ts'
import { clusterName } from '../world.ts'
import { isOurs, isPermitted, type Need, needsOf, rulesFor, rulesOn, ruleText, sourceOf } from './need.ts'
import type { NetworkScene } from './scene.ts'

export type NetworkWatch = {
  call(entry: JournalEntry): void
  /** Somebody other than the controller did something. */
  changed(): void
  /** `whole`: every Service is there, so nothing but what is needed may be open. */
  rest(whole: boolean): void
  readonly violations: string[]
}

/** By then a controller knows what the cluster says, stalled watches included. */
const knownMs = 20_000

export function watchNetwork(scene: NetworkScene, exact: boolean): NetworkWatch {
  const { world } = scene
  const violations: string[] = []
  const fail = (text: string): void => {
    if (!violations.includes(text)) violations.push(text)
  }
  /** Needs that were met: since when; from `knownMs` on, or once the controller registered it so, they must stay met. */
  const since = new Map<string, number>()
  let foreign = foreignOf(scene)

  /** Follows the needs, and answers with those that were met for good and are not any more. */
  const follow = (registered: ReadonlySet<string>): Need[] => {
    const needs = needsOf(world)
    for (const key of since.keys()) if (!needs.has(key)) since.delete(key)
    const lost: Need[] = []
    const now = Date.now()
    for (const [key, need] of needs) {
      if (isPermitted(world.account, need)) {
        const met = registered.has(`${need.binding} ${need.target}`) ? now - knownMs : now
        since.set(key, Math.min(since.get(key) ?? now, met))
        continue
      }
      const met = since.get(key)
      since.delete(key)
      if (met !== undefined && now - met >= knownMs) lost.push(need)
    }
    return lost
  }
  return {
    violations,
    changed: () => {
      foreign = foreignOf(scene)
      follow(new Set())
    },
    call: (entry) => {
      if (!entry.write || (entry.status !== 200 && entry.error !== 'lost-answer')) return
      if (entry.accessKey !== 'CONTROLLER') {
        foreign = foreignOf(scene)
        return
      }
      if (foreignOf(scene) !== foreign) fail(`1: ${entry.action} changed what is not ours`)
      for (const { key } of follow(registeredBy(scene, entry)))
        fail(`4: after ${entry.action} this is open no more: ${key}`)
      if (entry.action === 'RegisterTargets') for (const text of unreachable(scene, entry)) fail(text)
    },
    rest: (whole) => {
      const needs = [...needsOf(world).values()]
      for (const need of needs)
        if (!isPermitted(world.account, need) && sourceExists(scene, need) && !isHeld(scene, need))
          fail(`4: at rest this is not open: ${need.key}`)
      if (whole) checkSurplus(scene, needs, exact, fail)
      scene.disturbed.clear()
      follow(new Set())
      for (const key of since.keys()) since.set(key, Date.now() - knownMs)
    },
  }
}

const sourceExists = ({ world }: NetworkScene, { source }: Need): boolean =>
  !source.startsWith('sg-') || world.account.securityGroups.has(source)

/** Its Service is gone: what was open for its targets stays so, but nobody follows where they are. */
const isHeld = ({ bindings, services }: NetworkScene, { binding }: Need): boolean =>
  services[bindings.find(({ name }) => name === binding)?.service ?? -1]?.exists === false

const targetsOf = ({ input }: JournalEntry): readonly string[] =>
  ((input as { Targets?: { Id: string; Port: number }[] }).Targets ?? []).map(
    ({ Id, Port }) => `${Id}:${Port}`,
  )

const bindingOn = ({ bindings }: NetworkScene, { input }: JournalEntry): string | undefined => {
  const arn = (input as { TargetGroupArn?: string }).TargetGroupArn
  return bindings.find(({ targetGroup }) => targetGroup === arn)?.name
}

function registeredBy(scene: NetworkScene, entry: JournalEntry): ReadonlySet<string> {
  const name = bindingOn(scene, entry)
  if (entry.action !== 'RegisterTargets' || name === undefined || isYoung(scene, name)) return new Set()
  return new Set(targetsOf(entry).map((target) => `${name} ${target}`))
}

/** Edited so lately that the controller may act on what was asked before. */
const isYoung = ({ edited }: NetworkScene, name: string): boolean =>
  Date.now() - (edited.get(name) ?? 0) < knownMs

/** Targets must be reachable when they are registered. */
function unreachable(scene: NetworkScene, entry: JournalEntry): string[] {
  const { world, disturbed } = scene
  const name = bindingOn(scene, entry)
  if (name !== undefined && isYoung(scene, name)) return []
  const targets = new Set(targetsOf(entry))
  return [...needsOf(world).values()]
    .filter(({ binding, target }) => targets.has(target) && (name === undefined || binding === name))
    .filter((need) => !disturbed.has(need.group) && !disturbed.has(need.target.split(':')[0] ?? ''))
    .filter((need) => sourceExists(scene, need) && !isPermitted(world.account, need))
    .map(({ key }) => `4: registered before it is open: ${key}`)
}

/**
 * Left by a controller that died, on a group without the cluster's tag, for a source that is not ours: nobody can tell
 * whose it is, so nobody takes it away (as with ALBC).
 */
function isLost(
  scene: NetworkScene,
  needs: readonly Need[],
  group: string,
  rule: SecurityGroupRule,
): boolean {
  const { account } = scene.world
  const tags = (id: string): ReadonlyMap<string, string> | undefined => account.tags.get(id)
  return (
    scene.world.lives > 1 &&
    tags(group)?.has(`kubernetes.io/cluster/${clusterName}`) !== true &&
    tags(sourceOf(rule))?.has('elbv2.k8s.aws/cluster') !== true &&
    !needs.some((need) => need.group === group)
  )
}

function checkSurplus(
  scene: NetworkScene,
  needs: readonly Need[],
  exact: boolean,
  fail: (text: string) => void,
): void {
  const { account } = scene.world
  const wanted = rulesFor(needs, exact)
  for (const group of account.securityGroups.keys())
    for (const rule of rulesOn(account, group))
      if (isOurs(rule) && !wanted.has(ruleText(group, rule)) && !isLost(scene, needs, group, rule))
        fail(`rest: nobody needs the rule ${ruleText(group, rule)}; wanted: ${[...wanted].join(', ')}`)
}

/** Security groups, their tags and all their rules but those labelled as ours; those of our own load balancers apart. */
function foreignOf({ world: { account } }: NetworkScene): string {
  return JSON.stringify(
    [...account.securityGroups.values()]
      .filter(({ id }) => !account.tags.get(id)?.has('elbv2.k8s.aws/cluster'))
      .map(({ id, wire, rules }) => [
        id,
        wire,
        rules.filter((rule) => !isOurs(rule)),
        [...(account.tags.get(id) ?? [])],
      ]),
  )
}
