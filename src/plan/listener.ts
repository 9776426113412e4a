/** Listeners: matched by port, changed in place, the new ones made before old ones go. */
import { equal } from '../lib/json.ts'
import type { ActualListener } from '../model/actual.ts'
import { choose } from '../model/choice.ts'
import type { Listener } from '../model/listener.ts'
import { refKey } from '../model/ref.ts'
import { byText, draft, group, join, step, stepId, type Draft } from './draft.ts'
import { listenerDefaults } from './default-attribute.ts'
import { attributesRead } from './load-balancer.ts'
import { sameActions, sameMutualAuthentication, states } from './match.ts'
import { keepsRedirect, planRules, rulesOf } from './rule.ts'
import type { Call, Name, Step } from './step.ts'
import { gate, parkedUntil } from './switch.ts'
import { tagChange, tagSteps } from './tag.ts'
import { creators, creatorsOfActions, resolveActions, type World } from './world.ts'

export function planListeners(world: World): Draft {
  const loadBalancer = world.desired.loadBalancer
  if (!loadBalancer) return draft({})
  const served = world.actual.listeners.filter(
    ({ loadBalancerArn }) => loadBalancerArn === world.loadBalancer?.arn,
  )
  const wanted = [...world.desired.listeners].sort((a, b) => a.port - b.port)
  const drafts = wanted.map((listener) => {
    const found = served.find(({ port }) => port === listener.port)
    return found ? modifyListener(world, listener, found) : createListener(world, listener)
  })
  const made = ownFirst(join(drafts))
  const ports = new Set(wanted.map(({ port }) => port))
  const surplus = world.held ? [] : served.filter(({ port }) => !ports.has(port))
  const after = made.steps.flatMap(({ call, id }) =>
    call === 'CreateListener' || call === 'CreateRule' ? [id] : [],
  )
  return join([made, draft({ steps: surplus.map(({ arn }) => deleteListener(arn, after)) })])
}

/** Who moves to another port has its rules there before those here go. */
function ownFirst(made: Draft): Draft {
  const created = Map.groupBy(
    made.steps.filter(({ call }) => call === 'CreateRule'),
    ({ owner }) => owner,
  )
  const steps = made.steps.map((one) => {
    const own = one.call === 'DeleteRule' && one.owner !== group ? (created.get(one.owner) ?? []) : []
    return own.length === 0
      ? one
      : { ...one, after: [...new Set([...one.after, ...own.map(({ id }) => id)])].sort() }
  })
  return { ...made, steps }
}

const deleteListener = (arn: string, after: readonly string[]): Step =>
  step(
    { call: 'DeleteListener', listener: arn },
    { key: arn, reason: 'no member wants its port', impact: 'deletes', after },
  )

function createListener(world: World, listener: Listener): Draft {
  const { ref, port, protocol } = listener
  const key = refKey(ref)
  const loadBalancer = world.loadBalancer?.arn ?? world.desired.loadBalancer?.ref ?? ''
  const defaultActions = resolveActions(world, choose(listener.defaultActions, undefined, equal) ?? [])
  const certificates = choose(listener.certificates, undefined, equal) ?? []
  const [certificate] = certificates
  const { ListenerRulesTagging: tagging } = world.input.settings.featureGates
  const create = step(
    {
      call: 'CreateListener',
      ref,
      loadBalancer,
      port,
      protocol,
      defaultActions,
      ...(certificate === undefined ? {} : { certificate }),
      ...security(listener),
      tags: tagging ? listener.tags : {},
    },
    {
      key,
      reason: 'missing',
      impact: 'none',
      after: [...creators([loadBalancer]), ...creatorsOfActions(defaultActions)],
    },
  )
  return join([
    draft({
      steps: [
        create,
        ...certificates.map((one) => addCertificate(ref, one, [create.id])),
        ...attributeSteps(ref, listener, listenerDefaults, [create.id]),
      ],
    }),
    planRules({ world, listener, served: undefined, otherGates: [] }),
  ])
}

type Security = Pick<Call & { call: 'CreateListener' }, 'sslPolicy' | 'mutualAuthentication'>

function security(listener: Listener): Security {
  const sslPolicy = listener.sslPolicy && choose(listener.sslPolicy, undefined, equal)
  const mutual = listener.mutualAuthentication && choose(listener.mutualAuthentication, undefined, equal)
  return {
    ...(sslPolicy === undefined ? {} : { sslPolicy }),
    ...(mutual === undefined ? {} : { mutualAuthentication: mutual }),
  }
}

const addCertificate = (listener: Name, certificate: string, after: readonly string[]): Step =>
  step(
    { call: 'AddListenerCertificates', listener, certificate },
    {
      key: `${typeof listener === 'string' ? listener : refKey(listener)}:${certificate}`,
      reason: 'certificate missing',
      impact: 'none',
      after,
    },
  )

function attributeSteps(
  listener: Name,
  wanted: Listener,
  served: Readonly<Record<string, string>>,
  after: readonly string[],
): Step[] {
  const changed = Object.entries(wanted.attributes).filter(([key, value]) => served[key] !== value)
  if (changed.length === 0) return []
  return [
    step(
      { call: 'ModifyListenerAttributes', listener, attributes: Object.fromEntries(changed) },
      {
        key: typeof listener === 'string' ? listener : refKey(listener),
        reason: 'attributes changed',
        impact: 'in place',
        after,
      },
    ),
  ]
}

function modifyListener(world: World, listener: Listener, served: ActualListener): Draft {
  const parked = rulesOf(world, served).filter((rule) => parkedUntil(rule) !== undefined)
  const wanted = keepsRedirect(listener, served)
    ? served.defaultActions
    : resolveActions(
        world,
        choose(listener.defaultActions, served.defaultActions, (a, b) =>
          states(resolveActions(world, a), b),
        ) ?? [],
      )
  const differs = !sameActions(wanted, served.defaultActions)
  const verdict = differs ? gate(world, parked, wanted, served.defaultActions) : ({ open: true } as const)
  const change: Partial<Call & { call: 'ModifyListener' }> = {
    ...(listener.protocol === served.protocol ? {} : { protocol: listener.protocol }),
    ...(differs && verdict.open ? { defaultActions: wanted } : {}),
    ...securityChange(world, listener, served),
  }
  const certificates = certificateChange(listener, served)
  const modify = modifyStep(served.arn, { ...change, ...certificates.change }, [
    ...creatorsOfActions(change.defaultActions ?? []),
    ...certificates.before.map(({ id }) => id),
  ])
  return join([
    draft({
      steps: [...certificates.before, ...modify, ...certificates.after(modify.map(({ id }) => id))],
      waits: verdict.open ? [] : verdict.waits,
    }),
    attributes(listener, served),
    tags(world, listener, served),
    planRules({ world, listener, served, otherGates: [verdict] }),
  ])
}

function modifyStep(
  arn: string,
  change: Partial<Call & { call: 'ModifyListener' }>,
  after: readonly string[],
): Step[] {
  const what = Object.keys(change)
  if (what.length === 0) return []
  return [
    step(
      { ...change, call: 'ModifyListener', listener: arn },
      { key: arn, reason: `${what.join(' and ')} changed`, impact: 'in place', after },
    ),
  ]
}

function securityChange(world: World, listener: Listener, served: ActualListener): Security {
  if (listener.protocol === 'HTTP') return {}
  const sslPolicy = listener.sslPolicy && choose(listener.sslPolicy, served.sslPolicy, equal)
  const mutual =
    listener.mutualAuthentication &&
    choose(listener.mutualAuthentication, served.mutualAuthentication, sameMutualAuthentication)
  // ALBC leaves what is no longer stated, unless this gate is on.
  const dropped =
    !mutual &&
    world.input.settings.featureGates.EnhancedDefaultBehavior &&
    !sameMutualAuthentication({ mode: 'off' }, served.mutualAuthentication)
  return {
    ...(sslPolicy === undefined || sslPolicy === served.sslPolicy ? {} : { sslPolicy }),
    ...(mutual && !sameMutualAuthentication(mutual, served.mutualAuthentication)
      ? { mutualAuthentication: mutual }
      : {}),
    ...(dropped ? { mutualAuthentication: { mode: 'off' } } : {}),
  }
}

type CertificateChange = {
  readonly before: readonly Step[]
  readonly change: { readonly certificate?: string }
  readonly after: (modify: readonly string[]) => readonly Step[]
}

/** Add, switch the default, remove. The default stands among the SNI ones too, but for those that older ALBCs made. */
function certificateChange(listener: Listener, served: ActualListener): CertificateChange {
  const [now, ...sni] = served.certificates
  const sameList = (a: readonly string[], b: readonly string[]) =>
    a[0] === b[0] && equal([...new Set(a)].sort(byText), [...new Set(b)].sort(byText))
  const wanted =
    listener.protocol === 'HTTP' ? [] : (choose(listener.certificates, served.certificates, sameList) ?? [])
  const [first] = wanted
  const change = first === undefined || first === now ? {} : { certificate: first }
  const missing = [...new Set(wanted)].filter((one) => !sni.includes(one) && one !== now)
  const surplus = wanted.length === 0 ? [] : [...new Set(sni)].filter((one) => !wanted.includes(one))
  // A listener that only now becomes HTTPS takes no certificate before.
  const early = served.protocol === 'HTTPS'
  const adds = (after: readonly string[]) => missing.map((one) => addCertificate(served.arn, one, after))
  const before = early ? adds([]) : []
  return {
    before,
    change,
    after: (modify) => [
      ...(early ? [] : adds(modify)),
      ...surplus.map((certificate) =>
        step(
          { call: 'RemoveListenerCertificates', listener: served.arn, certificate },
          {
            key: `${served.arn}:${certificate}`,
            reason: 'no member states it',
            impact: 'in place',
            after: [...modify, ...before.map(({ id }) => id)],
          },
        ),
      ),
    ],
  }
}

function attributes(listener: Listener, served: ActualListener): Draft {
  if (Object.keys(listener.attributes).length === 0) return draft({})
  if (!served.attributes) return draft({ waits: [attributesRead(served.arn)] })
  const after = [stepId('ModifyListener', served.arn)]
  return draft({ steps: attributeSteps(served.arn, listener, served.attributes, after) })
}

function tags(world: World, listener: Listener, served: ActualListener): Draft {
  const { settings } = world.input
  if (!settings.featureGates.ListenerRulesTagging) return draft({})
  const change = tagChange(listener.tags, served.tags, settings, 'own legacy')
  return tagSteps([{ resource: served.arn, owner: 'group', ...change }], { keepSurplus: world.held })
}
