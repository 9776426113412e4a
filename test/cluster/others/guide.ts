/** The commands of a guide, as its reader would type them. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const docs = resolve(import.meta.dirname, '../../../docs')

/** The text from a heading to the next of its level. */
function section(file: string, heading: string): string {
  const parts = readFileSync(join(docs, file), 'utf8').split(/^## /m)
  const found = parts.find((part) => part.startsWith(heading))
  if (found === undefined) throw new Error(`${file} has no heading "${heading}"`)
  return found
}

/** Code blocks of a language. */
export const blocks = (file: string, heading: string, language: string): readonly string[] =>
  [...section(file, heading).matchAll(/^```(\w+)\n([^]*?)^```$/gm)].flatMap(([, kind, text = '']) =>
    kind === language ? [text] : [],
  )

/** Of programs that are here; one line each, with what the reader fills in filled in. */
export const commands = (
  file: string,
  heading: string,
  filled: readonly (readonly [string, string])[],
): readonly string[] =>
  blocks(file, heading, 'sh')
    .flatMap((text) => text.replaceAll('\\\n', ' ').split('\n'))
    .filter((line) => /^(?:kubectl|helm) /.test(line))
    .map((line) => filled.reduce((filling, [place, what]) => filling.replaceAll(place, what), line))
