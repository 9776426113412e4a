/** Makes recorded writes again on a local AWS that gives out the recorded ids. */
import * as acm from '@aws-sdk/client-acm'
import * as ec2 from '@aws-sdk/client-ec2'
import * as elbv2 from '@aws-sdk/client-elastic-load-balancing-v2'
import * as shield from '@aws-sdk/client-shield'
import * as wafv2 from '@aws-sdk/client-wafv2'
import { type Cloud, createCloud } from '../../localstack/aws/cloud.ts'
import { type Facts, seedFacts } from '../../localstack/aws/seed-facts.ts'
import type { Ids } from '../../localstack/aws/service.ts'
import type { Timing } from '../../localstack/timing.ts'
import * as wafRegional from '../../src/aws/waf-regional.ts'
import { clientsFor } from '../localstack/aws/clients.ts'
import type { RecordedCall } from './load.ts'

type RecordedFacts = { readonly account: string; readonly region: string }
type Recorded = { readonly rawFacts: RecordedFacts; readonly calls: readonly RecordedCall[] }
export type ReplayCloud = Cloud & {
  /** The answer as plain JSON. */
  replay(call: RecordedCall): Promise<unknown>
}

const modules = { acm, ec2, elbv2, shield, wafv2, 'waf-regional': wafRegional } as unknown as Readonly<
  Record<string, Readonly<Record<string, new (input: unknown) => never>>>
>

/** An account as the recording found it. */
export function replayCloud({ rawFacts: facts, calls }: Recorded, timing: Timing): ReplayCloud {
  const recorded = recordedIds()
  const cloud = createCloud({ timing, ids: recorded.ids })
  seedFacts(cloud.account(facts.account, facts.region), {
    ...(facts as Facts),
    classicWebAcls: classicWebAcls(calls),
  })
  const clients = clientsFor(cloud.handle, { account: facts.account, region: facts.region })
  return {
    ...cloud,
    replay: async (call) => {
      recorded.expect(call.output)
      const Command = modules[call.service]?.[`${call.action}Command`]
      const client = clients[call.service as keyof typeof clients] as {
        send(command: never): Promise<unknown>
      }
      if (Command === undefined) throw new Error(`${call.service} ${call.action} can't be made again here`)
      return JSON.parse(JSON.stringify(await client.send(new Command(call.input))))
    },
  }
}

/** WAF classic's are not among the recorded facts: those that were associated were there. */
const classicWebAcls = (calls: readonly RecordedCall[]) =>
  calls
    .filter(({ service, action }) => service === 'waf-regional' && action === 'AssociateWebACL')
    .map(({ input }) => ({ WebACLId: String(input['WebACLId']), Name: String(input['WebACLId']) }))

/** Gives the ids found in the recorded answer; where that shows none (interfaces, default rules), made-up ones. */
function recordedIds(): { readonly ids: Ids; expect(output: unknown): void } {
  let waiting: Readonly<Record<string, string[]>> = {}
  let made = 0
  const fresh = (length: number): string => (made += 1).toString(16).padStart(length, '0')
  return {
    ids: {
      hex: (kind, length) => waiting[kind]?.shift() ?? fresh(length),
      digits: () => waiting['digits']?.shift() ?? '1000000000',
    },
    expect: (output) => {
      const text = JSON.stringify(output) ?? ''
      const all = (pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1] ?? '')
      waiting = {
        sg: all(/"GroupId":"sg-(\w+)"/g),
        sgr: all(/"SecurityGroupRuleId":"sgr-(\w+)"/g),
        loadbalancer: all(/"LoadBalancerArn":"[^"]+:loadbalancer\/(?:app|net)\/[^/"]+\/(\w{16})"/g),
        digits: all(/"DNSName":"[^".]+-(\d+)\./g),
        targetgroup: all(/"TargetGroupArn":"[^"]+:targetgroup\/[^/"]+\/(\w{16})"/g),
        listener: all(/"ListenerArn":"[^"]+:listener\/(?:app|net)\/[^"]+\/(\w{16})"/g),
        certificate: all(/"CertificateArn":"[^"]+:certificate\/([\w-]+)"/g).map((id) =>
          id.replaceAll('-', ''),
        ),
        protection: all(/"ProtectionId":"([\w-]+)"/g).map((id) => id.replaceAll('-', '')),
        'listener-rule': all(/"RuleArn":"[^"]+:listener-rule\/app\/[^"]+\/(\w{16})"/g),
      }
    },
  }
}
