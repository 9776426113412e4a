/** `ssl-redirect`: every HTTP listener of the group redirects, and serves no rule (`albc-model` 9.5). */
import { keyOf } from '../../annotation/define.ts'
import { sslRedirect } from '../../annotation/listener.ts'
import { isStated } from '../../annotation/read.ts'
import type { Action } from '../action.ts'
import type { Choice } from '../choice.ts'
import type { Protocol } from '../listener.ts'
import { agree, mapChoice } from './agree.ts'
import { annotationsOf, fault, isSound } from './scope.ts'
import { type View, voices } from './view.ts'

export type Redirect = {
  /** unsure: only held members ask for it, so where AWS redirects now it goes on, and nowhere else. */
  readonly state: 'on' | 'off' | 'unsure'
  /** The default of HTTP listeners. */
  readonly action?: Choice<readonly Action[]>
}

/** A redirect must lead to an HTTPS listener of the group. */
export function checkRedirect(views: readonly View[], protocols: ReadonlyMap<number, Protocol>): void {
  const all = new Map(
    views.flatMap(({ ports }) => [...ports.values()].map((one) => [one.port, one.protocol] as const)),
  )
  for (const { scope, sslRedirect: said } of views) {
    if (said.value === undefined || !isSound(scope)) continue
    const protocol = protocols.get(said.value) ?? all.get(said.value)
    if (protocol === 'HTTPS') continue
    fault(scope, 'InvalidListenPorts', {
      field: keyOf(sslRedirect),
      message:
        protocol === undefined
          ? `listener does not exist for SSLRedirect port: ${said.value}`
          : `listener protocol non-SSL for SSLRedirect port: ${said.value}`,
      remedy: `Add {"HTTPS": ${said.value}} to alb.ingress.kubernetes.io/listen-ports, or change ${keyOf(sslRedirect)}.`,
    })
  }
}

export function redirectOf(views: readonly View[]): Redirect {
  const asked = voices(views, (view) => view.sslRedirect)
  const port = agree(
    asked,
    {
      what: 'sslRedirect port',
      field: keyOf(sslRedirect),
      show: (ports) => `[${ports.toSorted((a, b) => a - b).join(' ')}]`,
    },
    443,
  )
  if (!port) return { state: 'off' }
  const action = mapChoice(port, (value): readonly Action[] => [
    { type: 'redirect', port: String(value), protocol: 'HTTPS', statusCode: 'HTTP_301' },
  ])
  if (asked.some(({ scope, stated }) => isSound(scope) && stated.value !== undefined))
    return { state: 'on', action }
  const annotated = asked.some(
    ({ scope, stated }) => stated.value !== undefined || isStated(annotationsOf(scope), sslRedirect),
  )
  return { state: annotated ? 'unsure' : 'off' }
}
