/** Builds a case's groups on the local AWS in this process, as the group loop does, until nothing more is to be done. */
import { createCloud } from '../../localstack/aws/cloud.ts'
import { inProcess } from '../../localstack/aws/in-process.ts'
import { seedFacts } from '../../localstack/aws/seed-facts.ts'
import { timings } from '../../localstack/timing.ts'
import { apply } from '../../src/apply/apply.ts'
import type { BindingCall } from '../../src/apply/call.ts'
import type { NameOf } from '../../src/apply/call/request.ts'
import { readAddOn } from '../../src/aws/add-on.ts'
import { type Aws, createAws, type SendOptions } from '../../src/aws/client.ts'
import { createFactReader, type FactReader } from '../../src/aws/facts.ts'
import { Mirror } from '../../src/aws/mirror.ts'
import { readCertificate } from '../../src/aws/own-certificate.ts'
import { readAttributes, readLoadBalancerStates, readTargets } from '../../src/aws/observe.ts'
import { createSweeper, type Sweeper } from '../../src/aws/sweep.ts'
import type { CredentialsOf } from '../../src/aws/codec/action.ts'
import { ok, type Result } from '../../src/lib/result.ts'
import type { AwsError } from '../../src/model/aws-error.ts'
import { type Actual, everyLoadBalancer } from '../../src/model/actual.ts'
import { build } from '../../src/model/build.ts'
import { type Cluster, type Ingress, keyOf, type TargetGroupBinding } from '../../src/model/cluster.ts'
import type { Built } from '../../src/model/desired.ts'
import { groupsOf } from '../../src/model/group.ts'
import { ingressRef } from '../../src/model/problem.ts'
import { guard } from '../../src/plan/guard.ts'
import { plan } from '../../src/plan/plan.ts'
import { project, type Way } from '../../src/plan/project.ts'
import type { BindingSpec, Plan, Step, Wait } from '../../src/plan/step.ts'
import { groupName } from '../../src/status/name.ts'
import { ownersOf, ruleOwners } from '../../src/status/owner.ts'
import { credentialsOf, markOutdated } from '../../src/reconcile/credentials.ts'
import { addOnOf } from '../../src/reconcile/wait.ts'
import { type Case, countedIds, type Stage } from './load.ts'

const options: SendOptions = { purpose: 'reconcile', priority: 'user' }

export type Drive = {
  /** What the account holds. */
  state(): unknown
  stacks(cluster: Cluster): readonly string[]
  build(stack: string, stage: Stage): Promise<Built>
  plan(stack: string, built: Built): Plan
  actual(stack: string): Actual
  /** Applies plans until one is empty, and says what was done; throws where AWS refuses a step, or where there is no end. */
  converge(stack: string, built: Built, rounds?: number): Promise<readonly Step[]>
  /** What that will be, without doing it. */
  way(stack: string, built: Built): Way
  /** What a controller that starts now would plan. */
  planAfresh(stack: string, built: Built): Promise<Plan>
}

export async function drive({ account, settings }: Case): Promise<Drive> {
  const cloud = createCloud({ timing: timings.instant, ids: countedIds() })
  seedFacts(cloud.account(account.account, account.region), account)
  const aws = createAws({
    region: account.region,
    credentials: { accessKeyId: account.account, secretAccessKey: 'local' },
    requestHandler: inProcess(cloud.handle) as never,
    log: { info: () => {}, debug: () => {}, warn: () => {} },
    version: '0.0.0',
    limits: { fill: 1000 },
  })
  const facts = createFactReader(aws, settings)
  const bindings = new Map<string, TargetGroupBinding>()
  const inputNow = (round: number) => ({ now: Date.now() + round * 3_600_000, settings })
  const fresh = async () => {
    const mirror = new Mirror(settings)
    const sweeper = createSweeper(aws, mirror)
    const swept = await sweeper.sweep({ ...options, purpose: 'sweep' })
    if (!swept.ok) throw new Error(`${swept.error.call}: ${swept.error.message}`)
    return { mirror, sweeper }
  }
  const { mirror, sweeper } = await fresh()
  const seen = (of: Mirror, stack: string): Actual =>
    of.actual(
      stack,
      [...bindings.values()].filter((binding) => belongs(binding, stack)),
    )
  let secrets: Stage['secrets'] = new Map()
  const known = (of: Mirror) => ({
    mirror: of,
    secrets: { get: (key: string) => secrets.get(key) },
    recordedSecrets: () => undefined,
  })
  let ingresses: readonly Ingress[] = []
  /** As an IngressGroup's status keeps it. */
  const records = new Map<string, ReturnType<typeof ruleOwners>>()
  const owners = (of: Mirror, stack: string) => ({
    owners: ownersOf(seen(of, stack), records.get(stack), ingresses),
  })
  /** Nobody leaves by mistake here, and nobody approves of an outage. */
  const allow = (planned: Plan): Plan =>
    guard(planned, {
      mode: 'apply',
      stack: planned.stack,
      witnessed: true,
      loadBalancers: everyLoadBalancer(seen(mirror, planned.stack)),
      inferred: { here: [], others: 0 },
      explicit: { here: [], others: 0 },
      owned: ingresses.length,
      members: ingresses.map(({ metadata }) => ingressRef(metadata)),
      group: { name: groupName(planned.stack) },
      now: Date.now(),
    })
  const planOf = (stack: string, { desired }: Built, round = 0): Plan =>
    allow(
      plan(desired, markOutdated(seen(mirror, stack), desired, known(mirror)), {
        ...inputNow(round),
        ...owners(mirror, stack),
      }),
    )

  return {
    state: () => JSON.parse(cloud.state([cloud.account(account.account, account.region)])),
    stacks: (cluster) => [...groupsOf(cluster, settings).groups.keys()].sort(),
    build: async (stack, stage) => {
      secrets = stage.secrets
      ingresses = stage.cluster.ingresses
      return await buildWith(facts, mirror, { stack, stage, settings })
    },
    plan: planOf,
    actual: (stack) => seen(mirror, stack),
    way: (stack, { desired }) =>
      project(
        desired,
        markOutdated(seen(mirror, stack), desired, known(mirror)),
        { ...inputNow(0), ...owners(mirror, stack) },
        { ready: 'nobody', allow },
      ),
    converge: async (stack, built, rounds = 20) => {
      const done: Step[] = []
      for (let round = 0; round < rounds; round += 1) {
        const planned = planOf(stack, built, round)
        const before = records.get(stack)
        records.set(stack, ruleOwners(seen(mirror, stack), planned, { ingresses, before }))
        if (planned.steps.length === 0 && planned.waits.every(isForPeople)) return done
        done.push(...planned.steps)
        await run(planned, { aws, mirror, sweeper, bindings, credentialsOf: credentialsOf(known(mirror)) })
        await satisfy(planned.waits, aws, mirror)
      }
      if (rounds < 20) return done
      throw new Error(`${stack}: no end: ${JSON.stringify(planOf(stack, built))}`)
    },
    planAfresh: async (stack, { desired }) => {
      const other = await fresh()
      const input = { ...inputNow(0), ...owners(other.mirror, stack) }
      const first = allow(plan(desired, seen(other.mirror, stack), input))
      await satisfy(first.waits, aws, other.mirror)
      return allow(plan(desired, seen(other.mirror, stack), input))
    },
  }
}

/** Somebody has to mend something. */
export const isForPeople = (wait: Wait): boolean => wait.for === 'heldMember'

const belongs = ({ metadata }: TargetGroupBinding, stack: string): boolean => {
  const labels = metadata.labels ?? {}
  const name = labels['ingress.k8s.aws/stack-name']
  return stack === (labels['ingress.k8s.aws/stack'] ?? `${labels['ingress.k8s.aws/stack-namespace']}/${name}`)
}

type Given = { readonly stack: string; readonly stage: Stage; readonly settings: Case['settings'] }

/** With all facts at once: which of them a group needs is the controller's concern. */
async function buildWith(
  facts: FactReader,
  mirror: Mirror,
  { stack, stage, settings }: Given,
): Promise<Built> {
  const read = got(await facts.read({ certificates: true, securityGroups: true }, options))
  const network = mirror.certificates.without(read)
  const asked = await facts.asked({ webAcls: true, shieldSubscribed: true }, options)
  const all = { ...network, ...asked, trustStores: got(await facts.trustStores(options)) }
  const { needs } = build(stack, stage.cluster, all, settings)
  const namedTargetGroups = got(await facts.targetGroupsNamed(needs.targetGroups ?? [], options))
  const secrets = new Map(
    (needs.secrets ?? []).map((key) => [key, stage.secrets.get(key) ?? ({ found: false } as const)]),
  )
  return build(stack, stage.cluster, { ...all, namedTargetGroups, secrets }, settings)
}

function got<T>(read: Result<T, AwsError>): T {
  if (!read.ok) throw new Error(`${read.error.call}: ${read.error.message}`)
  return read.value
}

type Running = {
  readonly aws: Aws
  readonly mirror: Mirror
  readonly sweeper: Sweeper
  readonly bindings: Map<string, TargetGroupBinding>
  readonly credentialsOf: CredentialsOf
}

async function run(planned: Plan, { aws, mirror, sweeper, bindings, credentialsOf }: Running): Promise<void> {
  const { results } = await apply(planned, {
    aws,
    mirror,
    sweeper,
    stillLeader: () => true,
    credentialsOf,
    writeBinding: async (call, nameOf) => {
      writeBinding(bindings, call, nameOf)
      return ok(undefined)
    },
    options,
  })
  for (const one of results)
    if (one.result === 'failed') throw new Error(`${one.step.id}: ${one.error.code}: ${one.error.message}`)
}

/** The API server and the targets loop in one: a binding that is deleted is gone. */
function writeBinding(bindings: Map<string, TargetGroupBinding>, call: BindingCall, nameOf: NameOf): void {
  const key = `${call.namespace}/${call.name}`
  if (call.call === 'DeleteTargetGroupBinding') {
    bindings.delete(key)
    return
  }
  const known = bindings.get(key)
  const targetGroupARN =
    call.call === 'CreateTargetGroupBinding' ? nameOf(call.targetGroup) : known?.spec.targetGroupARN
  const { namespace, name, labels } = call
  const binding = {
    metadata: { namespace, name, labels, uid: `uid-${key}` },
    spec: { ...resolved(call.spec, nameOf), ...(targetGroupARN === undefined ? {} : { targetGroupARN }) },
  }
  bindings.set(keyOf(binding), binding)
}

function resolved(spec: BindingSpec, nameOf: NameOf): TargetGroupBinding['spec'] {
  const { networking, ...rest } = spec
  if (networking === undefined) return rest
  const ingress = networking.ingress.map(({ from, ports }) => ({
    ports,
    from: from.map(({ securityGroup }) => ({ securityGroup: { groupID: nameOf(securityGroup.groupID) } })),
  }))
  return { ...rest, networking: { ingress } }
}

async function satisfy(waits: readonly Wait[], aws: Aws, mirror: Mirror): Promise<void> {
  const reader = { aws, options }
  for (const wait of waits)
    if (wait.for === 'attributesRead') await readAttributes(reader, mirror, wait.on)
    else if (wait.for === 'certificateIssued') await readCertificate(reader, mirror, wait.on)
    else if (addOnOf(wait) !== undefined) await readAddOn(reader, mirror, wait.on, addOnOf(wait)!)
    else if (wait.for === 'loadBalancerActive') await readLoadBalancerStates(reader, mirror, [wait.on])
    else if (wait.on.includes(':targetgroup/')) await readTargets(reader, mirror, wait.on)
}
