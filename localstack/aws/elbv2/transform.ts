/** Transforms of a rule. */
import type { RuleTransform } from '@aws-sdk/client-elastic-load-balancing-v2'
import { checkRegex } from './pattern.ts'
import { among, invalid, length } from './refuse.ts'

const maxText = 1024
const configs = {
  'host-header-rewrite': 'HostHeaderRewriteConfig',
  'url-rewrite': 'UrlRewriteConfig',
} as const

export function transformsOut(given: readonly RuleTransform[] | undefined): RuleTransform[] {
  const types = new Set<string>()
  return (given ?? []).map((transform) => {
    const { Type = 'url-rewrite' } = transform
    among('transforms.type', Type, Object.keys(configs))
    if (types.has(Type)) invalid(`A rule can only have one '${Type}' transform`)
    types.add(Type)
    const config = transform[configs[Type]]
    const [rewrite, ...more] = config?.Rewrites ?? []
    if (!rewrite || more.length > 0) invalid(`A '${Type}' transform must have exactly one rewrite`)
    checkRegex(`'${Type}' transform`, rewrite.Regex ?? '', maxText)
    length('replace', rewrite.Replace, 0, maxText)
    return { Type, [configs[Type]]: { Rewrites: [{ Regex: rewrite.Regex, Replace: rewrite.Replace }] } }
  })
}
