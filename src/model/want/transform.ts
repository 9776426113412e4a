/** `transforms.<service>`: rewrites of host or URL (`albc-model` 7.6). */
import { keyOf } from '../../annotation/define.ts'
import { type TransformConfig, transforms as transformsAnnotation } from '../../annotation/rule.ts'
import type { Transform } from '../../route/condition.ts'
import { parsedOf, refuse, type Scope, take } from './scope.ts'

export function transformsOf(scope: Scope, service: string): readonly Transform[] {
  const stated = take(scope, parsedOf(scope, transformsAnnotation, service)) ?? []
  return stated.flatMap((config) => {
    const transform = read(config)
    if (typeof transform !== 'string') return [transform]
    const key = keyOf(transformsAnnotation, service)
    refuse(
      scope,
      key,
      `${transform} (${key})`,
      `Correct ${key}: each transform needs a type and its rewrites, as {"regex", "replace"}.`,
    )
    return []
  })
}

function read(config: TransformConfig): Transform | string {
  const { type } = config
  if (type !== 'host-header-rewrite' && type !== 'url-rewrite') return `unknown transform type: ${type ?? ''}`
  const name = type === 'url-rewrite' ? 'urlRewriteConfig' : 'hostHeaderRewriteConfig'
  const rewrites = config[name]?.rewrites
  if (!config[name]) return `missing ${name}`
  if (!rewrites?.length) return `${name}.rewrites cannot be empty`
  return { type, rewrites: rewrites.map(({ regex = '', replace = '' }) => ({ regex, replace })) }
}
