/** Histories: drawn from a seed, each step resolved against what is there, so that a shorter history is one too. */
import {
  addPod,
  applyIngress,
  type ClusterState,
  deleteIngress,
  type IngressIntent,
  namespaces,
  removePod,
  serviceNames,
  setNode,
  setReady,
  setParams,
  setService,
} from './cluster.ts'
import { dice } from './clock.ts'
import { kill, type World } from './world.ts'

export type Op = {
  readonly do: string
  readonly a: number
  readonly b: number
  readonly c: number
  /** Then this long nothing happens; `rest`: until the controller has nothing left to do. */
  readonly wait: number | 'rest'
}

export type Scene = {
  readonly world: World
  readonly state: ClusterState
  /** Edited since the last rest, by key. */
  readonly edited: {
    readonly ingresses: Set<string>
    readonly services: Set<string>
    nodes: boolean
    faults: boolean
  }
}
type Play = (scene: Scene, op: Op) => Promise<string | undefined>

const pathChoices = ['/', '/a', '/a/b', '/a/b/c', '/b', '/c']
const hostChoices = [undefined, undefined, 'a.example.com', 'b.example.com', '*.example.com']
const typeChoices = ['Prefix', 'Prefix', 'Exact'] as const
const groupChoices = ['g1', 'g1', 'g2', undefined]

const bad: readonly (readonly [string, string])[] = [
  ['target-type', 'pod'],
  ['group.order', 'first'],
  ['group.name', 'Not_A_Group'],
  ['healthcheck-interval-seconds', 'often'],
  ['listen-ports', '[{"HTTP": 99999}]'],
  ['actions.x', '{'],
  ['conditions.s1', '[{'],
  ['backend-protocol', 'SMTP'],
  ['target-group-attributes', 'deregistration_delay'],
]
const good: readonly (readonly [string, string])[] = [
  ['listen-ports', '[{"HTTP": 80}, {"HTTP": 8080}]'],
  ['listen-ports', '[{"HTTP": 8080}]'],
  ['healthcheck-interval-seconds', '20'],
  ['healthcheck-path', '/healthz'],
  ['target-group-attributes', 'deregistration_delay.timeout_seconds=10'],
  ['tags', 'team=a'],
]
const awsFaults: readonly { readonly code: string; readonly status?: number }[] = [
  { code: 'Throttling' },
  { code: 'InternalFailure', status: 500 },
  { code: 'ServiceUnavailable', status: 503 },
]
const actions = [
  '*',
  'Create*',
  'Modify*',
  'Delete*',
  'Describe*',
  'CreateRule',
  'DeleteRule',
  'ModifyRule',
  'SetRulePriorities',
  'CreateTargetGroup',
  'DeleteTargetGroup',
  'CreateLoadBalancer',
  'DeleteLoadBalancer',
  'CreateListener',
  'RegisterTargets',
  'DeregisterTargets',
  'CreateSecurityGroup',
  'AuthorizeSecurityGroupIngress',
  'RevokeSecurityGroupIngress',
  'AddTags',
]

const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % list.length]
const show = (intent: IngressIntent): string =>
  `${intent.namespace}/${intent.name} class=${intent.class} group=${intent.group ?? '-'} order=${intent.order ?? '-'} ${intent.targetType} [${intent.paths
    .map((one) => `${one.pathType ?? ''} ${one.host ?? ''}${one.path}->${one.service}`)
    .join(', ')}] ${JSON.stringify(intent.more)}`

function pathOf({ a, b, c }: Op): IngressIntent['paths'][number] {
  const host = pick(hostChoices, b)
  return {
    ...(host === undefined ? {} : { host }),
    path: pick(pathChoices, a) ?? '/',
    pathType: pick(typeChoices, c) ?? 'Prefix',
    service: pick(serviceNames, a + c) ?? 's1',
    port: 80,
  }
}

/** Ingress paths are unique per host, path and type, as the API server's users keep them. */
function withPath(
  paths: IngressIntent['paths'],
  added: IngressIntent['paths'][number],
): IngressIntent['paths'] {
  const same = (one: typeof added): boolean =>
    one.host === added.host && one.path === added.path && one.pathType === added.pathType
  return [...paths.filter((one) => !same(one)), added]
}

async function edit(
  { world, state, edited }: Scene,
  op: Op,
  change: (intent: IngressIntent) => boolean,
): Promise<string | undefined> {
  const intent = pick([...state.ingresses.values()], op.a)
  if (intent === undefined) return undefined
  if (!change(intent)) return undefined
  edited.ingresses.add(`${intent.namespace}/${intent.name}`)
  await applyIngress(world, intent)
  return show(intent)
}

async function onService(
  { state, edited }: Scene,
  { a }: Op,
  change: (
    intent: ClusterState['services'] extends Map<string, infer S> ? S : never,
  ) => Promise<string | undefined>,
): Promise<string | undefined> {
  const intent = pick([...state.services.values()], a)
  if (intent === undefined) return undefined
  const done = await change(intent)
  if (done !== undefined) edited.services.add(`${intent.namespace}/${intent.name}`)
  return done
}

const plays: Readonly<Record<string, { readonly weight: number; readonly play: Play }>> = {
  'add ingress': {
    weight: 6,
    play: async ({ world, state, edited }, op) => {
      if (state.ingresses.size >= 12) return undefined
      const space = pick(namespaces, op.b) ?? 'shop'
      const name = `i${op.c % 8}`
      const key = `${space}/${name}`
      if (state.ingresses.has(key)) return undefined
      const group = pick(groupChoices, op.a)
      const intent: IngressIntent = {
        namespace: space,
        name,
        class: 'alb',
        ...(group === undefined ? {} : { group }),
        ...(op.b % 3 === 0 ? { order: op.c % 5 } : {}),
        targetType: op.c % 3 === 0 ? 'instance' : 'ip',
        paths: [pathOf(op)],
        more: {},
      }
      if (op.a % 2 === 0) intent.paths = withPath(intent.paths, pathOf({ ...op, a: op.a + 1, c: op.c + 1 }))
      state.ingresses.set(key, intent)
      edited.ingresses.add(key)
      await applyIngress(world, intent)
      return show(intent)
    },
  },
  'delete ingress': {
    weight: 3,
    play: async ({ world, state, edited }, { a }) => {
      const found = pick([...state.ingresses], a)
      if (found === undefined) return undefined
      state.ingresses.delete(found[0])
      edited.ingresses.add(found[0])
      await deleteIngress(world, found[1])
      return found[0]
    },
  },
  'add path': {
    weight: 5,
    play: (scene, op) =>
      edit(scene, op, (intent) => {
        intent.paths = withPath(intent.paths, pathOf({ ...op, a: op.b, b: op.c, c: op.a }))
        return true
      }),
  },
  'remove path': {
    weight: 3,
    play: (scene, op) =>
      edit(scene, op, (intent) => {
        if (intent.paths.length < 2) return false
        intent.paths = intent.paths.filter((_, at) => at !== op.b % intent.paths.length)
        return true
      }),
  },
  'change path': {
    weight: 4,
    play: (scene, op) =>
      edit(scene, op, (intent) => {
        const at = op.b % intent.paths.length
        intent.paths = withPath(
          intent.paths.filter((_, place) => place !== at),
          pathOf({ ...op, a: op.c }),
        )
        return true
      }),
  },
  'change service': {
    weight: 3,
    play: (scene, op) =>
      edit(scene, op, (intent) => {
        const at = op.b % intent.paths.length
        intent.paths = intent.paths.map((one, place) =>
          place === at ? { ...one, service: pick(serviceNames, op.c) ?? 's1' } : one,
        )
        return true
      }),
  },
  'target type': {
    weight: 3,
    play: (scene, op) =>
      edit(scene, op, (intent) => {
        intent.targetType = intent.targetType === 'ip' ? 'instance' : 'ip'
        return true
      }),
  },
  order: {
    weight: 3,
    play: (scene, op) =>
      edit(scene, op, (intent) => {
        intent.order = op.b % 4 === 0 ? undefined : op.c % 7
        return true
      }),
  },
  'move group': {
    weight: 3,
    play: (scene, op) =>
      edit(scene, op, (intent) => {
        intent.group = pick(['g1', 'g2', 'g3', undefined], op.b)
        return true
      }),
  },
  annotate: {
    weight: 3,
    play: (scene, op) =>
      edit(scene, op, (intent) => {
        const [key, value] = pick(good, op.b) ?? ['tags', '']
        if (intent.more[key] === value) delete intent.more[key]
        else intent.more[key] = value
        return true
      }),
  },
  spoil: {
    weight: 4,
    play: (scene, op) =>
      edit(scene, op, (intent) => {
        const [key, value] = pick(bad, op.b) ?? ['target-type', 'pod']
        intent.more[key] = value
        return true
      }),
  },
  mend: {
    weight: 3,
    play: (scene, op) =>
      edit(scene, op, (intent) => {
        const keys = bad.filter(([key, value]) => intent.more[key] === value).map(([key]) => key)
        for (const key of keys) delete intent.more[key]
        return keys.length > 0
      }),
  },
  class: {
    weight: 1,
    play: (scene, op) =>
      edit(scene, op, (intent) => {
        intent.class = pick(['nginx', 'missing', 'alb'], intent.class === 'alb' ? op.b % 2 : 2) ?? 'alb'
        return true
      }),
  },
  service: {
    weight: 4,
    play: (scene, op) =>
      onService(scene, op, async (intent) => {
        await setService(scene.world, intent, !intent.exists)
        return `${intent.namespace}/${intent.name} ${intent.exists ? 'made' : 'deleted'}`
      }),
  },
  'add pod': {
    weight: 5,
    play: (scene, op) =>
      onService(scene, op, async (intent) => {
        if (intent.pods.length > 3) return undefined
        await addPod(scene.world, scene.state, intent)
        return `${intent.namespace}/${intent.pods.at(-1)?.name ?? ''}`
      }),
  },
  'remove pod': {
    weight: 3,
    play: (scene, op) =>
      onService(scene, op, async (intent) => {
        const pod = pick(intent.pods, op.b)
        if (pod === undefined) return undefined
        await removePod(scene.world, intent, pod)
        return `${intent.namespace}/${pod.name}`
      }),
  },
  'pod readiness': {
    weight: 2,
    play: (scene, op) =>
      onService(scene, op, async (intent) => {
        const pod = pick(intent.pods, op.b)
        if (pod === undefined) return undefined
        await setReady(scene.world, intent, pod, !pod.ready)
        return `${intent.namespace}/${pod.name} ${pod.ready}`
      }),
  },
  node: {
    weight: 1,
    play: async ({ world, state, edited }, { a, b }) => {
      edited.nodes = true
      return `${await setNode(world, state, a, b % 2 === 0)} ${b % 2 === 0}`
    },
  },
  'aws refuses': {
    weight: 4,
    play: async ({ world, edited }, { a, b, c }) => {
      const action = pick(actions, a) ?? '*'
      const error = pick(awsFaults, b)
      if (error === undefined) return undefined
      edited.faults = true
      world.cloud.fault({ action, error, times: 1 + (c % 5) })
      return `${error.code} ${action} x${1 + (c % 5)}`
    },
  },
  'aws connection': {
    weight: 5,
    play: async ({ world, edited }, { a, b, c }) => {
      const action = pick(actions, a) ?? '*'
      const error = b % 3 === 0 ? 'reset' : 'lost-answer'
      edited.faults = true
      world.cloud.fault({ action, error, times: 1 + (c % 2) })
      return `${error} ${action} x${1 + (c % 2)}`
    },
  },
  'aws denies': {
    weight: 1,
    play: async ({ world, edited }, { a, c }) => {
      const action = pick(actions, a) ?? '*'
      edited.faults = true
      world.cloud.fault({
        action,
        error: { code: 'AccessDenied', message: 'not allowed', status: 403 },
        times: 1 + (c % 3),
      })
      return `AccessDenied ${action} x${1 + (c % 3)}`
    },
  },
  'aws depends': {
    weight: 1,
    play: async ({ world, edited }, { c }) => {
      edited.faults = true
      world.cloud.fault({
        action: 'DeleteSecurityGroup',
        error: { code: 'DependencyViolation', message: 'has a dependent object' },
        times: 1 + (c % 4),
      })
      return 'DependencyViolation'
    },
  },
  'kube refuses': {
    weight: 3,
    play: async ({ world, edited }, { a, b, c }) => {
      const status = pick([429, 409, 500, 503, 504], a) ?? 500
      const after = b % 3 === 0 && status >= 500
      edited.faults = true
      world.kubeFaults.add({
        status,
        times: 1 + (c % 4),
        ...(status === 429 ? { retryAfterSeconds: 1 } : {}),
        ...(status === 409 ? { method: 'PATCH' } : {}),
        ...(after ? { after } : {}),
      })
      return `${status} x${1 + (c % 4)}${after ? ' after' : ''}`
    },
  },
  'kube connection': {
    weight: 3,
    play: async ({ world, edited }, { b, c }) => {
      edited.faults = true
      const after = b % 2 === 0
      world.kubeFaults.add({
        reset: true,
        times: 1 + (c % 2),
        method: c % 3 === 0 ? 'POST' : 'PATCH',
        ...(after ? { after } : {}),
      })
      return `reset x${1 + (c % 2)}${after ? ' after' : ''}`
    },
  },
  'drop watches': {
    weight: 2,
    play: async ({ world }, { a }) => {
      const how = pick(['end', 'reset', 'garbage'] as const, a) ?? 'end'
      world.api.dropWatches(how)
      return how
    },
  },
  compact: {
    weight: 1,
    play: async ({ world }) => {
      world.api.compact()
      world.api.dropWatches('reset')
      return 'history forgotten'
    },
  },
  crash: {
    weight: 5,
    play: async ({ world, edited }, { a, b }) => {
      const { life } = world
      if (life === undefined) return undefined
      edited.faults = true
      life.dies = { at: life.calls + 1 + (a % 25), after: b % 2 === 0 }
      return `${b % 2 === 0 ? 'after' : 'before'} ${1 + (a % 25)} calls`
    },
  },
  kill: {
    weight: 1,
    play: async ({ world, edited }) => {
      if (world.life === undefined) return undefined
      edited.faults = true
      kill(world, world.life)
      return 'now'
    },
  },
}

/** What is only played in some histories: a load balancer takes the place of another. */
const rare: Readonly<Record<string, Play>> = {
  scheme: async ({ world, state, edited }, { a, b, c }) => {
    const chosen = pick([...state.ingresses.values()], a)
    if (chosen === undefined) return undefined
    // All members of a group, or one of them, about which they then disagree.
    const all = b % 4 !== 0 && chosen.group !== undefined
    const members = [...state.ingresses.values()].filter((one) =>
      all ? one.group === chosen.group : one === chosen,
    )
    const scheme = pick(['internal', 'internet-facing', undefined], c)
    for (const intent of members) {
      if (scheme === undefined) delete intent.more['scheme']
      else intent.more['scheme'] = scheme
      edited.ingresses.add(`${intent.namespace}/${intent.name}`)
      await applyIngress(world, intent)
    }
    return `${scheme ?? 'unstated'}: ${members.map(({ namespace, name }) => `${namespace}/${name}`).join()}`
  },
  params: async ({ world, state, edited }, { b }) => {
    const spec = pick(paramsChoices, b) ?? {}
    for (const key of state.ingresses.keys()) edited.ingresses.add(key)
    await setParams(world, spec)
    return JSON.stringify(spec)
  },
}
const paramsChoices: readonly object[] = [
  {},
  { scheme: 'internet-facing' },
  { scheme: 'internal' },
  { scheme: 'internet-facing', targetType: 'ip' },
  { tags: [{ key: 'team', value: 'b' }] },
  { loadBalancerAttributes: [{ key: 'idle_timeout.timeout_seconds', value: '30' }] },
]

export const play = (scene: Scene, op: Op): Promise<string | undefined> =>
  (plays[op.do]?.play ?? rare[op.do])?.(scene, op) ?? Promise.resolve(undefined)

/** Seeds from here on have longer histories with more crashes and faults. */
const wild = 10_000

export function historyOf(seed: number): Op[] {
  const random = dice(seed ^ 0x5eed)
  const whole = (below: number): number => Math.floor(random() * below)
  const bag = Object.entries(plays).flatMap(([name, { weight }]) => Array<string>(weight).fill(name))
  const draw = (name: string, wait: Op['wait']): Op => ({
    do: name,
    a: whole(1000),
    b: whole(1000),
    c: whole(1000),
    wait,
  })
  const ops: Op[] = []
  for (let at = 0; at < 4 + whole(4); at += 1) ops.push(draw(at % 2 === 0 ? 'service' : 'add pod', 0))
  for (let at = 0; at < 2 + whole(4); at += 1)
    ops.push(draw('add ingress', whole(3) === 0 ? whole(3_000) : 0))
  if (whole(3) > 0) ops.push(draw('add pod', 'rest'))
  const length = seed < wild ? 6 + whole(20) : 30 + whole(40)
  if (seed >= wild)
    bag.push(
      ...['crash', 'aws connection', 'kube connection', 'move group'].flatMap((name) =>
        Array<string>(8).fill(name),
      ),
    )
  for (let at = 0; at < length; at += 1) ops.push(draw(bag[whole(bag.length)] ?? 'add pod', waitOf(whole)))
  return isRare(seed) ? withRare(seed, ops) : ops
}

/** By their last digit, so that the histories of other seeds stay what they were. */
const isRare = (seed: number): boolean => (seed < wild ? [2, 6, 7] : [6, 7]).includes(seed % 10)

function withRare(seed: number, ops: readonly Op[]): Op[] {
  const random = dice(seed ^ 0x7a7e)
  const whole = (below: number): number => Math.floor(random() * below)
  const all = [...ops]
  for (let left = 2 + whole(4); left > 0; left -= 1) {
    const wait = whole(3) === 0 ? whole(1_200_000) : waitOf(whole)
    const op = {
      do: whole(3) === 0 ? 'params' : 'scheme',
      a: whole(1000),
      b: whole(1000),
      c: whole(1000),
      wait,
    }
    all.splice(Math.min(all.length, 5 + whole(all.length)), 0, op)
  }
  return all
}

function waitOf(whole: (below: number) => number): Op['wait'] {
  const kind = whole(20)
  if (kind < 4) return 0
  if (kind < 9) return whole(400)
  if (kind < 14) return whole(5_000)
  if (kind < 17) return whole(40_000)
  return kind < 18 ? whole(150_000) : 'rest'
}

/** Undoes what was wrong with any Ingress or node, so that everything can be served. */
export async function mendAll({ world, state }: Scene): Promise<void> {
  for (const [at] of world.nodes.entries()) await setNode(world, state, at, true)
  for (const intent of state.ingresses.values()) {
    for (const [key, value] of bad) if (intent.more[key] === value) delete intent.more[key]
    intent.class = 'alb'
    await applyIngress(world, intent)
  }
}
