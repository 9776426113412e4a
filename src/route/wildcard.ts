/** ALB's wildcards: `*` is any run of characters, also `/` and `.`; `?` is exactly one. Whole-string, linear in practice. */

type Token = { readonly kind: 'run' | 'one' } | { readonly kind: 'character'; readonly value: string }

/** `escapes`: `\*` and `\?` are literal, as in query-string conditions. A run after a run says nothing new. */
function tokens(pattern: string, escapes: boolean): readonly Token[] {
  const found: Token[] = []
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern.charAt(index)
    const next = pattern.charAt(index + 1)
    if (escapes && character === '\\' && (next === '*' || next === '?')) {
      found.push({ kind: 'character', value: next })
      index += 1
    } else if (character === '*') {
      if (found.at(-1)?.kind !== 'run') found.push({ kind: 'run' })
    } else if (character === '?') found.push({ kind: 'one' })
    else found.push({ kind: 'character', value: character })
  }
  return found
}

/** Greedy with one point to go back to, so never exponential. */
function walk<T>(pattern: readonly Token[], text: readonly T[], fits: (token: Token, item: T) => boolean) {
  let at = 0
  let token = 0
  let run = -1
  let runEnd = 0
  while (at < text.length) {
    const current = pattern[token]
    const item = text[at] as T
    if (current?.kind === 'run') {
      run = token
      runEnd = at
      token += 1
    } else if (current !== undefined && fits(current, item)) {
      token += 1
      at += 1
    } else if (run >= 0) {
      runEnd += 1
      at = runEnd
      token = run + 1
    } else return false
  }
  return pattern.slice(token).every((rest) => rest.kind === 'run')
}

export function matchesWildcard(pattern: string, text: string, escapes = false): boolean {
  return walk(
    tokens(pattern, escapes),
    text.split(''),
    (token, character) => token.kind === 'one' || (token.kind === 'character' && token.value === character),
  )
}

/** Whether everything that `narrow` matches is matched by `wide`. A false may be wrong for odd mixes of `*` and `?`; a true never is. */
export function coversWildcard(wide: string, narrow: string, escapes = false): boolean {
  return walk(tokens(wide, escapes), tokens(narrow, escapes), (token, item) => {
    if (item.kind === 'run') return false
    if (token.kind === 'one') return true
    return token.kind === 'character' && item.kind === 'character' && token.value === item.value
  })
}
