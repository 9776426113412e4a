/** Whose a served rule is: our tag says it, else the record in the group's status (design D3). */
import type { ActualRule } from '../model/actual.ts'
import type { IngressKey } from '../model/choice.ts'
import { ownerTag } from '../model/tag.ts'

export const ownerOf = (
  rule: ActualRule,
  recorded: Readonly<Record<string, IngressKey>> | undefined,
): IngressKey | undefined => rule.tags[ownerTag] ?? recorded?.[rule.arn]
