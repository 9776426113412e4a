/** What a plan waits for: read now what only has to be read, ask health at a measured pace, say when to look again. */
import { readAddOn } from '../aws/add-on.ts'
import { readAttributes, readLoadBalancerStates, readOwnSecurityGroups, readTargets } from '../aws/observe.ts'
import { readCertificate } from '../aws/own-certificate.ts'
import type { AddOn } from '../model/actual.ts'
import type { Wait } from '../plan/step.ts'
import type { Pass } from '../watch/queue.ts'
import type { Verdict } from '../watch/verdict.ts'
import { type Context, readerOf } from './context.ts'
import { follows } from './part.ts'
import { again, settled, soonest } from './verdict.ts'

export type Waited = { readonly progress: boolean; readonly verdict: Verdict }

/** `progress`: something was learnt, so planning again may get further at once. */
export async function satisfy(waits: readonly Wait[], pass: Pass, context: Context): Promise<Waited> {
  let progress = false
  const verdicts: Verdict[] = []
  for (const wait of waits) {
    if (wait.for === 'attributesRead' || wait.for === 'targetsRead' || addOnOf(wait) !== undefined) {
      const read = await readNow(wait, pass, context)
      progress ||= read
      if (!read) verdicts.push(again(2_000, wait.why))
    } else if (wait.for === 'backendSecurityGroup' && !follows(context.part)) {
      // Another part makes it.
      progress = (await foundSharedGroup(pass, context)) || progress
      verdicts.push(again(wait.afterMs, wait.why))
    } else if (wait.for === 'loadBalancerActive') {
      progress = (await becameActive(wait.on, pass, context)) || progress
      verdicts.push(again(context.pace.next(wait.on), wait.why))
    } else if (wait.for === 'certificateIssued') {
      progress = (await becameIssued(wait.on, pass, context)) || progress
      verdicts.push(again(context.pace.next(wait.on), wait.why))
    } else if (wait.for === 'targetHealth' || wait.for === 'draining') {
      // What has no ARN yet is made by this very plan.
      const learnt =
        wait.on.startsWith('arn:') &&
        context.pace.due(wait.on) &&
        (await healthChanged(wait.on, pass, context))
      progress ||= learnt
      verdicts.push(again(Math.min(wait.afterMs, context.pace.next(wait.on)), wait.why))
    } else verdicts.push(again(wait.afterMs, wait.why))
  }
  return { progress, verdict: verdicts.length === 0 ? settled : soonest(verdicts) }
}

const addOns: Partial<Record<Wait['for'], AddOn>> = {
  capacityRead: 'capacityUnits',
  webAclRead: 'webAcl',
  classicWebAclRead: 'classicWebAcl',
  protectionRead: 'protection',
}
export const addOnOf = (wait: Wait): AddOn | undefined => addOns[wait.for]

async function readNow(wait: Wait, pass: Pass, context: Context): Promise<boolean> {
  const { mirror } = context
  const reader = readerOf(context, pass, 'reconcile')
  const part = addOnOf(wait)
  if (part !== undefined) {
    const before = mirror.addOns.knownAt(wait.on, part)
    const read = await readAddOn(reader, mirror, wait.on, part)
    // A refusal is something learnt, too: the plan tells it, and goes on without.
    return read.ok || mirror.addOns.knownAt(wait.on, part) !== before
  }
  const read =
    wait.for === 'attributesRead'
      ? await readAttributes(reader, mirror, wait.on)
      : await readTargets(reader, mirror, wait.on)
  return read.ok
}

async function foundSharedGroup(pass: Pass, context: Context): Promise<boolean> {
  const { mirror } = context
  if (mirror.backendSecurityGroup === undefined && context.pace.due('backendSecurityGroup'))
    await readOwnSecurityGroups(readerOf(context, pass, 'reconcile'), mirror)
  return mirror.backendSecurityGroup !== undefined
}

async function becameActive(arn: string, pass: Pass, context: Context): Promise<boolean> {
  if (!context.pace.due(arn)) return false
  await readLoadBalancerStates(readerOf(context, pass, 'health'), context.mirror, [arn])
  const active = context.mirror.loadBalancers.get(arn)?.state !== 'provisioning'
  if (active) context.pace.forget(arn)
  return active
}

/** Or what ACM waits for is known now. */
async function becameIssued(arn: string, pass: Pass, context: Context): Promise<boolean> {
  if (!context.pace.due(arn)) return false
  const { certificates } = context.mirror
  const before = JSON.stringify(certificates.get(arn))
  const read = await readCertificate(readerOf(context, pass, 'health'), context.mirror, arn)
  if (read.ok && read.value === undefined) certificates.deleted(arn)
  const after = certificates.get(arn)
  if (after?.status === 'ISSUED') context.pace.forget(arn)
  return JSON.stringify(after) !== before
}

async function healthChanged(arn: string, pass: Pass, context: Context): Promise<boolean> {
  const before = JSON.stringify(context.mirror.registrations.get(arn))
  const read = await readTargets(readerOf(context, pass, 'health'), context.mirror, arn)
  return read.ok && JSON.stringify(context.mirror.registrations.get(arn)) !== before
}

/** How often the same thing is asked for: soon at first, then slower; never twice within an interval, whoever asks. */
export type Pace = {
  due(what: string): boolean
  /** Milliseconds until it is due again. */
  next(what: string): number
  forget(what: string): void
}

const firstMs = 500
const mostMs = 15_000

export function createPace(): Pace {
  const asked = new Map<string, { readonly at: number; readonly everyMs: number }>()
  const next = (what: string): number => {
    const last = asked.get(what)
    return last === undefined ? firstMs : Math.max(0, Math.ceil(last.at + last.everyMs - Date.now()))
  }
  return {
    due: (what) => {
      const last = asked.get(what)
      if (last !== undefined && next(what) > 0) return false
      asked.set(what, {
        at: Date.now(),
        everyMs: last === undefined ? firstMs : Math.min(mostMs, last.everyMs * 1.5),
      })
      return true
    },
    next,
    forget: (what) => {
      asked.delete(what)
    },
  }
}
