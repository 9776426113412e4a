/** Reads of a held member whom it would let in, leniently: what is misspelt was meant all the same. */
import * as auth from '../../annotation/auth.ts'
import { keyOf } from '../../annotation/define.ts'
import * as listener from '../../annotation/listener.ts'
import { own, perPort } from '../../annotation/read.ts'
import { conditions as conditionsAnnotation, useRegexPathMatch } from '../../annotation/rule.ts'
import type { Claims, PathClaim } from '../claim.ts'
import type { IngressBackend, IngressPath } from '../cluster.ts'
import { conditionsOf } from './condition.ts'
import { annotationsOf, paramsOf, type Scope, serviceOf } from './scope.ts'

export function claimsOf(given: Scope): Claims {
  // What is wrong with it has been told.
  const scope: Scope = { ...given, problems: [] }
  const { rules = [], defaultBackend } = scope.member.ingress.spec
  const regex = own(annotationsOf(scope), useRegexPathMatch)
  const regexPaths = (regex.ok && regex.value) || false
  const inbound = inboundOf(scope)
  return {
    paths: rules.flatMap(({ host = '', http }) =>
      (http?.paths ?? []).map((path) => pathClaim(scope, host, path, regexPaths)),
    ),
    ...(defaultBackend
      ? { byDefault: { conditions: [], login: loginOf(scope, defaultBackend) } satisfies PathClaim }
      : {}),
    certificates: certificatesOf(scope),
    ...(inbound ? { inbound } : {}),
    closes: scope.member.whenExposed === '503',
  }
}

function pathClaim(scope: Scope, host: string, path: IngressPath, regexPaths: boolean): PathClaim {
  const all = conditionsOf(scope, host, path, regexPaths)
  const sources = all.flatMap((one) => (one.field === 'source-ip' ? one.values : []))
  const raw = annotationsOf(scope)?.[keyOf(conditionsAnnotation, path.backend.service?.name)] ?? ''
  return {
    conditions: all.filter(({ field }) => field !== 'source-ip'),
    login: loginOf(scope, path.backend),
    ...(sources.length > 0 || /source-?ip/i.test(raw) ? { sources } : {}),
  }
}

function loginOf(scope: Scope, { service }: IngressBackend): PathClaim['login'] {
  const ingress = annotationsOf(scope)
  const found = service?.port?.name === 'use-annotation' ? undefined : serviceOf(scope, service?.name ?? '')
  const stated = (declaration: { readonly name: string }): string | undefined =>
    (found?.metadata.annotations?.[keyOf(declaration)] ?? ingress?.[keyOf(declaration)])?.trim()
  const type = stated(auth.authType)
  if ((type === undefined || type === 'none') && ingress?.[keyOf(auth.jwtValidation)] === undefined)
    return 'none'
  return stated(auth.authOnUnauthenticatedRequest) === 'allow' ? 'lenient' : 'required'
}

function certificatesOf(scope: Scope): Claims['certificates'] {
  const stated = perPort(annotationsOf(scope), listener.mutualAuthentication)
  const ports = ((stated.ok && stated.value) || []).flatMap(({ port = 0, mode = '' }) =>
    mode.toLowerCase() === 'verify' ? [port] : [],
  )
  const raw = annotationsOf(scope)?.[keyOf(listener.mutualAuthentication)] ?? ''
  return ports.length === 0 && /verify/i.test(raw) ? 'any' : ports
}

function inboundOf(scope: Scope): readonly string[] | undefined {
  const params = paramsOf(scope)
  const texts = (value: string | undefined): readonly string[] =>
    (value ?? '')
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '')
  const annotations = annotationsOf(scope)
  const cidrs = params?.inboundCIDRs?.length
    ? params.inboundCIDRs
    : texts(annotations?.[keyOf(listener.inboundCidrs)])
  const lists = [
    ...(params?.prefixListsIDs ?? params?.PrefixListsIDs ?? []),
    ...texts(annotations?.[keyOf(listener.securityGroupPrefixLists)]),
  ]
  return cidrs.length + lists.length > 0 ? cidrs : undefined
}
