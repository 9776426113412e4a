/** Listeners and rules of load balancers, with tags and certificates, into the mirror. */
import type { Listener, Rule } from '@aws-sdk/client-elastic-load-balancing-v2'
import { ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import { bounded } from './bounded.ts'
import { readListener } from './codec/listener.ts'
import { loadBalancerArnOf, readRule } from './codec/rule.ts'
import type { Mirror } from './mirror.ts'
import { listenersOf, type Reader, rulesOf, sniCertificatesOf, tagsOf } from './read.ts'

/** Reads at a time: the buckets set the pace, this only hides the distance to AWS. */
const atOnce = 4

export type Keep = (key: string) => boolean

/** `keep` says which entries stay although the read lacks them. Answers with all that the read showed. */
export async function readContent(
  reader: Reader,
  mirror: Mirror,
  loadBalancerArns: readonly string[],
  keep: Keep = () => false,
): Promise<Result<Set<string>, AwsError>> {
  const beganAt = Date.now()
  const listeners = await bounded(loadBalancerArns, atOnce, (arn) => listenersOf(reader, arn))
  if (!listeners.ok) return listeners
  const all = listeners.value.flat()
  const rules = await bounded(all, atOnce, async ({ ListenerArn = '', Protocol = '' }) =>
    hasRules(Protocol) ? await rulesOf(reader, ListenerArn) : ok([]),
  )
  if (!rules.ok) return rules
  const certificates = await bounded(all, atOnce, (listener) => sniCertificatesOf(reader, listener))
  if (!certificates.ok) return certificates
  const arns = [...all.map(arnOfListener), ...rules.value.flat().map(arnOfRule)]
  const tags = await tagsOf(reader, arns)
  if (!tags.ok) return tags
  const of = (arn: string) => tags.value.get(arn) ?? {}

  const scope = new Set(loadBalancerArns)
  mirror.listeners.read(
    all.map((wire, index) => readListener(wire, certificates.value[index] ?? [], of(arnOfListener(wire)))),
    { scope: ({ loadBalancerArn }) => scope.has(loadBalancerArn), beganAt, keep },
  )
  mirror.rules.read(
    rules.value.flat().map((wire) => readRule(wire, of(arnOfRule(wire)))),
    { scope: ({ listenerArn }) => scope.has(loadBalancerArnOf(listenerArn)), beganAt, keep },
  )
  for (const arn of loadBalancerArns) mirror.contentRead(arn, beganAt)
  return ok(new Set(arns))
}

/** Those of a Network Load Balancer have a default action, and nothing that chooses. */
const hasRules = (protocol: string): boolean => protocol === 'HTTP' || protocol === 'HTTPS'
const arnOfListener = ({ ListenerArn = '' }: Listener): string => ListenerArn
const arnOfRule = ({ RuleArn = '' }: Rule): string => RuleArn
