/** Histories of bindings and their network, drawn from a seed: each step resolved against what is there. */
import {
  AuthorizeSecurityGroupIngressCommand,
  EC2Client,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2'
import { groupIdentifiers } from '../../../localstack/aws/ec2/network-interface.ts'
import { inProcess } from '../../../localstack/aws/in-process.ts'
import { dice } from '../clock.ts'
import type { Op } from '../history.ts'
import { kill } from '../world.ts'
import { bindingsOf, isOurs, label, rulesOn, sourceOf } from './need.ts'
import { addPod, endPod, podPorts, setReady } from './pods.ts'
import {
  bindingCount,
  type BindingIntent,
  type NetworkScene,
  ns,
  type Peer,
  portNames,
  serviceCount,
  setIngress,
  setService,
  type Wish,
  writeBinding,
} from './scene.ts'

type Play = (scene: NetworkScene, op: Op) => Promise<string | undefined>

const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % list.length]
const peers: readonly Peer[] = [
  { group: 0 },
  { group: 0 },
  { group: 1 },
  { group: 2 },
  { group: 3 },
  { cidr: '10.1.0.0/16' },
]
const wishOf = (a: number, b: number): Wish => ({
  peer: pick(peers, a) ?? { group: 0 },
  ports: b % 7 === 0 ? [] : [pick([...podPorts, ...portNames, 80, 9_999], b) ?? 80],
})
const show = ({ name, wishes }: BindingIntent): string => `${name} ${JSON.stringify(wishes ?? null)}`

const actions = [
  'AuthorizeSecurityGroupIngress',
  'AuthorizeSecurityGroupIngress',
  'RevokeSecurityGroupIngress',
  'RevokeSecurityGroupIngress',
  'DescribeSecurityGroups',
  'DescribeInstances',
  'DescribeNetworkInterfaces',
  'RegisterTargets',
  'DeregisterTargets',
  'DescribeTargetHealth',
  '*',
]
const errors = [
  { code: 'Throttling' },
  { code: 'RequestLimitExceeded', status: 503 },
  { code: 'InternalError', status: 500 },
  'reset',
  'lost-answer',
  'lost-answer',
] as const

const ec2Of = ({ world }: NetworkScene): EC2Client =>
  new EC2Client({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'SEED', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestHandler: inProcess(world.cloud.handle),
  })

/** Faults that are meant for the controller may hit others. */
const outcomeOf = (sent: Promise<unknown>): Promise<string> =>
  sent.then(
    () => 'done',
    (error: unknown) => String(error),
  )

async function onBinding(
  scene: NetworkScene,
  { a }: Op,
  change: (intent: BindingIntent) => boolean,
): Promise<string | undefined> {
  const there = scene.bindings.filter(({ exists }) => exists)
  const intent = pick(there, a)
  if (intent === undefined || !change(intent)) return undefined
  await writeBinding(scene, intent)
  return show(intent)
}

const guardedGroups = ({ world, podGroups, nodeGroups }: NetworkScene): string[] => [
  world.vpc.nodeSecurityGroup,
  ...podGroups,
  nodeGroups.tagged,
]

const plays: Readonly<Record<string, { readonly weight: number; readonly play: Play }>> = {
  'add binding': {
    weight: 8,
    play: async (scene, { a, b, c }) => {
      const intent = pick(
        scene.bindings.filter(({ exists }) => !exists),
        a,
      )
      if (intent === undefined) return undefined
      intent.exists = true
      intent.wishes = b % 9 === 0 ? undefined : [wishOf(b, c), ...(c % 2 === 0 ? [wishOf(c, b)] : [])]
      await setService(scene, intent.service, true)
      await writeBinding(scene, intent)
      return show(intent)
    },
  },
  'delete binding': {
    weight: 4,
    play: (scene, op) =>
      onBinding(scene, op, (intent) => {
        intent.exists = false
        return true
      }),
  },
  'delete binding of an Ingress': {
    weight: 2,
    play: async (scene, { a }) => {
      const own = bindingsOf(scene.world).filter(({ metadata }) => metadata.name.startsWith('k8s-'))
      const one = pick(own, a)
      if (one === undefined) return undefined
      await scene.world.kube.remove({ kind: 'TargetGroupBinding', metadata: one.metadata })
      return one.metadata.name
    },
  },
  'change networking': {
    weight: 8,
    play: (scene, op) =>
      onBinding(scene, op, (intent) => {
        const wishes = intent.wishes ?? []
        intent.wishes =
          op.b % 8 === 0
            ? undefined
            : op.b % 3 === 0
              ? wishes.slice(1)
              : [...wishes.slice(-1), wishOf(op.b, op.c)]
        return true
      }),
  },
  ingress: {
    weight: 2,
    play: async (scene, { a, b }) => {
      const exists = b % 3 > 0
      if (exists) await setService(scene, a % 2, true)
      await setIngress(scene, a % 2, exists)
      return `i${a % 2} ${exists}`
    },
  },
  'add pod': {
    weight: 12,
    play: async (scene, { a, b, c }) => {
      const state = pick(scene.services, a)
      if (state === undefined || state.pods.length > 5) return undefined
      const own = c % 3 === 0 ? pick(scene.podGroups, b) : undefined
      return addPod(scene, a % serviceCount, b, own)
    },
  },
  'end pod': {
    weight: 10,
    play: async (scene, { a, b }) => {
      const state = pick(
        scene.services.filter(({ pods }) => pods.length > 0),
        a,
      )
      const pod = state && pick(state.pods, b)
      return state && pod && endPod(scene, state, pod)
    },
  },
  'pod readiness': {
    weight: 3,
    play: async (scene, { a, b }) => {
      const state = pick(
        scene.services.filter(({ pods }) => pods.length > 0),
        a,
      )
      const pod = state && pick(state.pods, b)
      if (state === undefined || pod === undefined || pod.leaving) return undefined
      await setReady(scene, state, pod, !pod.ready)
      return `${pod.name} ${pod.ready}`
    },
  },
  service: {
    weight: 2,
    play: async (scene, { a, b }) => {
      const at = a % serviceCount
      await setService(scene, at, b % 2 === 0)
      return `s${at} ${b % 2 === 0}`
    },
  },
  'aws fails': {
    weight: 10,
    play: async ({ world }, { a, b, c }) => {
      const action = pick(actions, a) ?? '*'
      const error = pick(errors, b) ?? 'reset'
      const times = 1 + (c % 4)
      const delayMs = c % 3 === 0 ? 100 + c * 3 : 0
      world.cloud.fault({ action, error, times, delayMs })
      return `${typeof error === 'string' ? error : error.code} ${action} x${times} after ${delayMs} ms`
    },
  },
  'aws is slow': {
    weight: 4,
    play: async ({ world }, { a, b }) => {
      const action = pick(actions, a) ?? '*'
      world.cloud.fault({ action, times: 3, delayMs: 500 + b * 3 })
      return `${action} takes ${500 + b * 3} ms`
    },
  },
  'stale reads': {
    weight: 4,
    play: async ({ wires }, { a }) => {
      wires.staleUntil = Date.now() + 10_000 + a * 50
      return `for ${10 + a / 20} s`
    },
  },
  'stalled watch': {
    weight: 6,
    play: async ({ wires }, { a, b }) => {
      const path = pick(['/pods?', '/endpointslices?', '/targetgroupbindings?', '/services?'], a) ?? ''
      wires.stalledUntil.set(path, Date.now() + b * 8)
      return `${path} for ${b * 8} ms`
    },
  },
  'kube fails': {
    weight: 4,
    play: async ({ world }, { a, b, c }) => {
      const status = pick([409, 429, 500, 503], a) ?? 500
      world.kubeFaults.add({ status, times: 1 + (c % 3), ...(b % 2 === 0 ? { method: 'PATCH' } : {}) })
      return `${status} x${1 + (c % 3)}`
    },
  },
  'drop watches': {
    weight: 2,
    play: async ({ world }, { a }) => {
      if (a % 3 === 0) world.api.compact()
      world.api.dropWatches('reset')
      return a % 3 === 0 ? 'history forgotten' : 'reset'
    },
  },
  crash: {
    weight: 6,
    play: async ({ world: { life } }, { a, b }) => {
      if (life === undefined) return undefined
      life.dies = { at: life.calls + 1 + (a % 25), after: b % 2 === 0 }
      return `${b % 2 === 0 ? 'after' : 'before'} ${1 + (a % 25)} calls`
    },
  },
  kill: {
    weight: 2,
    play: async ({ world }) => {
      if (world.life === undefined) return undefined
      kill(world, world.life)
      return 'now'
    },
  },
  'somebody revokes': {
    weight: 2,
    play: async (scene, { a, b }) => {
      const { account } = scene.world
      const group = pick(guardedGroups(scene), a) ?? ''
      const rule = pick(rulesOn(account, group).filter(isOurs), b)
      if (rule?.SecurityGroupRuleId === undefined) return undefined
      scene.disturbed.add(group)
      const revoke = new RevokeSecurityGroupIngressCommand({
        GroupId: group,
        SecurityGroupRuleIds: [rule.SecurityGroupRuleId],
      })
      return `${group} ${sourceOf(rule)} ${rule.FromPort}-${rule.ToPort} ${await outcomeOf(ec2Of(scene).send(revoke))}`
    },
  },
  'somebody authorises': {
    weight: 3,
    play: async (scene, { a, b, c }) => {
      const [nodes = '', podsA = '', podsB = '', tagged = ''] = guardedGroups(scene)
      const group = pick(c % 2 === 0 ? [nodes, tagged] : [nodes, podsA, podsB, tagged], a) ?? ''
      const source = pick(scene.sources, b) ?? ''
      const port = pick([...podPorts, 22], c) ?? 22
      // Another one may have left a rule with our label (on a group with the cluster's tag: it would be found), or made the very rule that we are about to make.
      const Description = c % 2 === 0 ? label : 'by hand'
      const IpPermissions = [
        {
          IpProtocol: 'tcp',
          FromPort: port,
          ToPort: port + (b % 2),
          UserIdGroupPairs: [{ GroupId: source, Description }],
        },
      ]
      const authorise = new AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpPermissions })
      const done = await outcomeOf(ec2Of(scene).send(authorise))
      return `${group} ${source} ${port} ${Description} ${done}`
    },
  },
  'groups of a node': {
    weight: 2,
    play: async (scene, { a, b }) => {
      const { account, vpc } = scene.world
      const instance = pick(vpc.instances, a)?.instanceId
      const { tagged, plain } = scene.nodeGroups
      const groups = pick(
        [[vpc.nodeSecurityGroup], [vpc.nodeSecurityGroup, plain], [vpc.nodeSecurityGroup, tagged], [tagged]],
        b,
      )
      const record = [...account.networkInterfaces.values()].find(
        ({ wire }) => wire.Attachment?.InstanceId === instance,
      )
      if (record === undefined || groups === undefined) return undefined
      for (const { PrivateIpAddress } of record.wire.PrivateIpAddresses ?? [])
        scene.disturbed.add(PrivateIpAddress ?? '')
      for (const one of [instance ?? '', vpc.nodeSecurityGroup, tagged]) scene.disturbed.add(one)
      record.wire = { ...record.wire, Groups: groupIdentifiers(account, groups) }
      account.changed()
      return `${instance} ${groups.join(', ')}`
    },
  },
}

export const play = (scene: NetworkScene, op: Op): Promise<string | undefined> =>
  plays[op.do]?.play(scene, op) ?? Promise.resolve(undefined)

export function historyOf(seed: number): Op[] {
  const random = dice(seed ^ 0xbeef)
  const whole = (below: number): number => Math.floor(random() * below)
  const bag = Object.entries(plays).flatMap(([name, { weight }]) => Array<string>(weight).fill(name))
  const draw = (name: string, wait: Op['wait']): Op => ({
    do: name,
    a: whole(1_000),
    b: whole(1_000),
    c: whole(1_000),
    wait,
  })
  const ops: Op[] = []
  for (let at = 0; at < 12; at += 1) ops.push(draw('add pod', 0))
  for (let at = 0; at < bindingCount; at += 1) ops.push(draw('add binding', 0))
  ops.push(draw('ingress', 'rest'))
  const length = 20 + whole(25)
  for (let at = 0; at < length; at += 1) ops.push(draw(bag[whole(bag.length)] ?? 'add pod', waitOf(whole)))
  return ops
}

function waitOf(whole: (below: number) => number): Op['wait'] {
  const kind = whole(20)
  if (kind < 6) return 0
  if (kind < 10) return whole(500)
  if (kind < 15) return whole(5_000)
  return kind < 19 ? whole(40_000) : 'rest'
}

/** Everything that bindings name is there again, and nobody is about to die. */
export async function mendAll(scene: NetworkScene): Promise<void> {
  for (let at = 0; at < serviceCount; at += 1) await setService(scene, at, true)
}

export async function deleteAll(scene: NetworkScene): Promise<void> {
  for (const at of [0, 1]) await setIngress(scene, at, false)
  for (const intent of scene.bindings) {
    if (!intent.exists) continue
    intent.exists = false
    await scene.world.kube.remove({
      kind: 'TargetGroupBinding',
      metadata: { name: intent.name, namespace: ns },
    })
  }
}
