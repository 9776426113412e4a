/** The web ACLs of the load balancer: WAFv2 by ARN or by name, and WAF classic by id (ALBC: add-ons). */
import * as declared from '../../annotation/add-on.ts'
import { keyOf } from '../../annotation/define.ts'
import { exclusive } from '../../annotation/read.ts'
import type { Owned } from '../load-balancer.ts'
import { agreeOwned, goList, type Stated, stated } from './agree.ts'
import { annotationsOf, awaitFact, fault, paramsOf, type Scope, take } from './scope.ts'

/** What stands for "no web ACL" in annotations; in the model it is the empty text. */
const orNone = (value: string): string => (value === 'none' ? '' : value)

export type StatedWebAcl = {
  /** ARN found by name. */
  readonly byName: Stated<string>
  readonly byArn: Stated<string>
}

const silent: StatedWebAcl = { byName: {}, byArn: {} }

export function statedWebAcl(scope: Scope): StatedWebAcl {
  if (!scope.world.settings.enableWafv2) return silent
  const { wafv2AclName, wafv2AclArn } = paramsOf(scope) ?? {}
  const name = stated(
    scope,
    () => wafv2AclName || take(scope, exclusive(annotationsOf(scope), declared.wafv2AclName)) || undefined,
    Boolean(wafv2AclName),
  )
  const arn = stated(
    scope,
    () => wafv2AclArn || take(scope, exclusive(annotationsOf(scope), declared.wafv2AclArn)),
    Boolean(wafv2AclArn),
  )
  return {
    byName: name.value === undefined ? name : found(scope, name.value, name.fromParams === true),
    byArn: arn.value === undefined ? arn : { ...arn, value: orNone(arn.value) },
  }
}

function found(scope: Scope, name: string, fromParams: boolean): Stated<string> {
  if (orNone(name) === '') return { value: '', fromParams }
  const { webAcls } = scope.world.facts
  const isUnknown = webAcls === undefined
  if (isUnknown)
    awaitFact(scope, (asked) => {
      asked.webAcls = true
    })
  const known = webAcls?.ok ? webAcls.value.find((acl) => acl.name === name)?.arn : undefined
  if (known !== undefined) return { value: known, fromParams }
  if (!isUnknown)
    fault(scope, 'WebAclNotFound', {
      field: fromParams ? 'IngressClassParams spec.wafv2AclName' : keyOf(declared.wafv2AclName),
      message: `couldn't find WAFv2 WebACL with name: ${name}${webAcls.ok ? '' : `: ${webAcls.error.call}: ${webAcls.error.code}`}`,
      remedy:
        !webAcls.ok && webAcls.error.kind === 'denied'
          ? "Allow wafv2:ListWebACLs in the IAM policy of the controller's role."
          : 'Create a regional web ACL of this name, or name another; it is looked for again each minute.',
    })
  return { broken: true }
}

const says = ({ value, broken }: Stated<string>): boolean => value !== undefined || broken === true

/** A name anywhere makes all ARNs irrelevant. */
export function webAcl(
  views: readonly { readonly scope: Scope; readonly webAcl: StatedWebAcl }[],
): Owned<string> | undefined {
  const byName = views.some((view) => says(view.webAcl.byName))
  const words = byName
    ? { what: 'WAFv2 WebACL names', field: keyOf(declared.wafv2AclName) }
    : { what: 'WAFv2 WebACL ARNs', field: keyOf(declared.wafv2AclArn) }
  const show = (arns: readonly string[]) => goList(arns.map((arn) => (byName ? nameIn(arn) : arn)))
  return agreeOwned(
    views.map(({ scope, webAcl: one }) => ({ scope, stated: byName ? one.byName : one.byArn })),
    { ...words, show },
    '',
  )
}

/** `arn:aws:wafv2:<region>:<account>:regional/webacl/<name>/<id>`. */
const nameIn = (arn: string): string => (arn === '' ? 'none' : (arn.split('/').at(-2) ?? arn))

/** `web-acl-id` is the older spelling, and read only where the other is absent. */
export function statedClassicWebAcl(scope: Scope): string | undefined {
  if (!scope.world.settings.enableWaf) return undefined
  const annotations = annotationsOf(scope)
  const id =
    take(scope, exclusive(annotations, declared.wafAclId)) ??
    take(scope, exclusive(annotations, declared.webAclId))
  return id ? orNone(id) : undefined
}

export const classicWebAcl = (
  views: readonly { readonly scope: Scope; readonly classicWebAcl: Stated<string> }[],
): Owned<string> | undefined =>
  agreeOwned(
    views.map(({ scope, classicWebAcl: id }) => ({ scope, stated: id })),
    { what: 'WAFClassic WebACL IDs', field: keyOf(declared.wafAclId), show: goList },
    '',
  )
