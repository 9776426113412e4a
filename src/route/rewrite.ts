/** What a rule's transforms make of host and URL before the target sees them; routing has been decided by then. */
import { type Result, fail, ok } from '../lib/result.ts'
import type { Rewrite, Transform } from './condition.ts'
import { regexOf } from './regex.ts'

/** `url` is path and query, as on the request line. */
export type Rewritten = { readonly host: string; readonly url: string }

/** Failing after a match makes ALB answer 500; a pattern that doesn't match leaves the request alone. */
export function rewrite(transforms: readonly Transform[], original: Rewritten): Result<Rewritten, string> {
  let { host, url } = original
  for (const { type, rewrites } of transforms) {
    const result = rewriteText(rewrites, type === 'url-rewrite' ? url : host)
    if (!result.ok) return result
    if (type === 'url-rewrite') url = result.value
    else host = result.value
  }
  if (!/^\/[\x21-\x7e]*$/.test(url) && url !== original.url) return fail(`not a request target: ${url}`)
  if (!/^[\x21-\x7e]+$/.test(host) && host !== original.host) return fail(`not a host: ${host}`)
  return ok({ host, url })
}

function rewriteText(rewrites: readonly Rewrite[], text: string): Result<string, string> {
  let current = text
  for (const { regex, replace } of rewrites) {
    const compiled = regexOf(regex)
    if (!compiled.ok) return compiled
    const [start, end, ...groups] = compiled.value.exec(current) ?? []
    if (start === undefined || end === undefined) continue
    current = current.slice(0, start) + expand(replace, current, groups) + current.slice(end)
  }
  return ok(current)
}

/** `$1`…`$9`; a group that took no part is empty, `$$` a dollar sign [R]. */
function expand(replace: string, text: string, groups: readonly number[]): string {
  return replace.replace(/\$(\$|\d)/g, (_, name: string) => {
    if (name === '$') return '$'
    const start = groups[(Number(name) - 1) * 2] ?? -1
    const end = groups[(Number(name) - 1) * 2 + 1] ?? -1
    return start < 0 || end < 0 ? '' : text.slice(start, end)
  })
}
