/**
 * Certificates that ACM is asked for: requested, waited for, attached once issued, and deleted when nothing names them any more. What is served
 * meanwhile stays: an earlier certificate of the same Ingress stands in, and a listener that would have none is not made yet.
 */
import { equal } from '../lib/json.ts'
import type { Actual, ActualCertificate, ActualListener } from '../model/actual.ts'
import { certificateName, isOfIngress, type OwnCertificate } from '../model/certificate.ts'
import { type Choice, choose, type IngressKey } from '../model/choice.ts'
import type { Desired } from '../model/desired.ts'
import { isHeld, type Listener } from '../model/listener.ts'
import type { Problem } from '../model/problem.ts'
import { resourceTag } from '../model/tag.ts'
import { byText, draft, join, step, type Draft } from './draft.ts'
import type { PlanInput } from './world.ts'

export type Certified = {
  /** Listeners name certificates by their ARNs alone, and those that must wait for one are left out. */
  readonly desired: Desired
  readonly draft: Draft
}

export function planCertificates(desired: Desired, actual: Actual, { now }: PlanInput): Certified {
  const wanted = desired.certificates ?? []
  const known = actual.certificates ?? []
  if (wanted.length === 0 && known.length === 0) return { desired, draft: draft({}) }
  if (actual.certificatesRefused && wanted.length > 0)
    return {
      desired: settled(desired, actual, new Map()),
      draft: draft({ problems: wanted.map(({ owner }) => unreadable(owner, actual)) }),
    }
  const plans = wanted.map((one) => ({ one, ...provide(one, known, now) }))
  const arns = new Map(plans.flatMap(({ one, arn }) => (arn ? [[certificateName(one), arn] as const] : [])))
  const kept = new Set(plans.flatMap(({ keep }) => keep))
  const surplus = desired.held.length > 0 ? [] : known.filter(({ arn }) => !kept.has(arn))
  const next = settled(desired, actual, arns)
  return { desired: next, draft: join([...plans.map((one) => one.draft), remove(surplus, next, actual)]) }
}

type Provided = {
  /** What stands for it now. */
  readonly arn?: string
  /** Not to be deleted. */
  readonly keep: readonly string[]
  readonly draft: Draft
}

/** ACM gives up on its own: another request makes sense, but not at once. */
const failedMs = 3_600_000
const isPending = ({ status }: ActualCertificate): boolean => status === 'PENDING_VALIDATION'
const isIssued = ({ status }: ActualCertificate): boolean => status === 'ISSUED'

function provide(wanted: OwnCertificate, known: readonly ActualCertificate[], now: number): Provided {
  const own = known
    .filter(({ tags }) => isOfIngress(tags[resourceTag], wanted.owner))
    .toSorted((a, b) => a.createdAt - b.createdAt || byText(a.arn, b.arn))
  const fitting = own.filter(
    (one) => one.tags[resourceTag] === wanted.ref.id && equal(one.names, wanted.hosts),
  )
  const issued = fitting.find(isIssued)
  if (issued) return { arn: issued.arn, keep: [issued.arn], draft: draft({}) }
  const before = own.filter(isIssued).at(-1)
  const standIn = before ? { arn: before.arn } : {}
  const pending = fitting.find(isPending)
  const failed = fitting.at(-1)
  const keep = [...(before ? [before.arn] : []), ...[pending ?? failed].flatMap((one) => one?.arn ?? [])]
  if (pending) return { ...standIn, keep, draft: waitFor(pending, wanted) }
  if (failed && failed.createdAt + failedMs > now)
    return { ...standIn, keep, draft: tellFailed(failed, wanted, failed.createdAt + failedMs - now) }
  return { ...standIn, keep: before ? [before.arn] : [], draft: request(wanted) }
}

const request = ({ ref, owner, hosts, authorityArn, tags }: OwnCertificate): Draft =>
  draft({
    steps: [
      step(
        {
          call: 'RequestCertificate',
          ref,
          hosts,
          ...(authorityArn === undefined ? {} : { authorityArn }),
          tags,
        },
        { key: certificateName({ ref }), reason: 'missing', impact: 'none', owner },
      ),
    ],
  })

function waitFor({ arn, records }: ActualCertificate, { owner, hosts, authorityArn }: OwnCertificate): Draft {
  const waits = [
    {
      for: 'certificateIssued',
      on: arn,
      owner,
      afterMs: 10_000,
      why: `ACM has not issued the certificate for ${hosts.join(', ')} yet`,
    } as const,
  ]
  if (authorityArn !== undefined || !records?.length) return draft({ waits })
  const names = records.map(({ name, value }) => `${name} CNAME ${value}`).join('; ')
  return draft({
    waits,
    problems: [
      problem(owner, 'CertificatePending', {
        message: `ACM issues the certificate for ${hosts.join(', ')} once it finds in the DNS: ${names}`,
        remedy: 'Create these records in the zones of the hosts; what is served stays as it is until then.',
      }),
    ],
  })
}

const tellFailed = (
  { arn, status, failure = status }: ActualCertificate,
  { owner, hosts }: OwnCertificate,
  afterMs: number,
): Draft =>
  draft({
    waits: [{ for: 'readRefused', on: arn, afterMs, why: 'ACM issued no certificate' }],
    problems: [
      problem(owner, 'CertificatePending', {
        message: `ACM did not issue the certificate for ${hosts.join(', ')}: ${failure}`,
        remedy:
          'Correct the hosts or the authority; the same is asked for again an hour after the last request.',
      }),
    ],
  })

const problem = (
  owner: IngressKey,
  kind: Problem['kind'],
  told: Pick<Problem, 'message' | 'remedy'>,
): Problem => {
  const [namespace = '', name = ''] = owner.split('/')
  return { kind, on: { kind: 'Ingress', namespace, name }, level: 'warning', ...told }
}

function unreadable(owner: IngressKey, { certificatesRefused: error }: Actual): Problem {
  return problem(owner, error?.kind === 'denied' ? 'AwsDenied' : 'AwsRefused', {
    message: `AWS refused ${error?.call ?? ''}: ${error?.code ?? ''}: ${error?.message ?? ''}`,
    remedy: `Allow ${error?.permission ?? error?.call ?? ''} in the IAM policy of the controller's role; no certificate is asked for until then.`,
  })
}

/** Names become ARNs; what has none yet is left out, or stays as it is served where nothing else is there. */
function settled(desired: Desired, actual: Actual, arns: ReadonlyMap<string, string>): Desired {
  const names = new Set((desired.certificates ?? []).map(certificateName))
  const settle = (listener: Listener): Listener[] => {
    const all = choose(listener.certificates, undefined, equal) ?? []
    if (!all.some((name) => names.has(name))) return [listener]
    const issued = all.flatMap((name) => (names.has(name) ? (arns.get(name) ?? []) : [name]))
    if (issued.length > 0) return [{ ...listener, certificates: as(listener.certificates, issued) }]
    const served = actual.listeners.find(({ port }) => port === listener.port)
    if (!served) return []
    if (served.protocol !== 'HTTPS') return [unchanged(listener, served)]
    return [{ ...listener, certificates: { keep: true, else: served.certificates } }]
  }
  return { ...desired, listeners: desired.listeners.flatMap(settle) }
}

/** Without a certificate it can't become HTTPS yet: it stays as it is, with its rules. */
function unchanged(listener: Listener, { defaultActions }: ActualListener): Listener {
  const owners = new Set(listener.rules.map((item) => (isHeld(item) ? item.held : item.owner)))
  return {
    ...listener,
    protocol: 'HTTP',
    defaultActions: { is: defaultActions },
    certificates: { is: [] },
    rules: [...owners].map((held) => ({ held })),
  }
}

const as = (choice: Choice<readonly string[]>, value: readonly string[]): Choice<readonly string[]> =>
  'keep' in choice ? { keep: true, else: value } : { is: value }

/** AWS itself refuses while one is in use; what a listener names here is not even tried. */
function remove(surplus: readonly ActualCertificate[], { listeners }: Desired, actual: Actual): Draft {
  const named = new Set([
    ...actual.listeners.flatMap(({ certificates }) => certificates),
    ...listeners.flatMap(({ certificates }) => choose(certificates, undefined, equal) ?? []),
  ])
  return draft({
    steps: surplus
      .filter(({ arn }) => !named.has(arn))
      .toSorted((a, b) => byText(a.arn, b.arn))
      .map(({ arn }) =>
        step(
          { call: 'DeleteCertificate', certificate: arn },
          { key: arn, reason: 'no member asks for it', impact: 'deletes' },
        ),
      ),
  })
}
