/** docs/annotations.md, from the declarations. */
import { type AnyDeclaration, prefix } from '../../src/annotation/define.ts'
import { sections } from '../../src/annotation/table.ts'

const merges: Readonly<Record<AnyDeclaration['merge'], string>> = {
  own: 'this Ingress alone',
  exclusive: 'members must agree',
  merge: 'merged by key',
  'per-port': 'members on one port must agree',
}

export function annotationsTable(): string {
  const parts = Object.entries(sections).map(([title, declarations]) =>
    [
      `## ${title}`,
      '',
      '| annotation | value | default | in a group | on | class parameter | AWS call |',
      '|---|---|---|---|---|---|---|',
      ...declarations.map(row),
      '',
      ...declarations.map(
        ({ name, doc, example }) => `- \`${name}\`: ${doc} Example: \`${example.replaceAll('`', '')}\``,
      ),
    ].join('\n'),
  )
  return `${intro}\n\n${parts.join('\n\n')}\n`
}

const intro = [
  '# Annotations',
  '',
  `All begin with \`${prefix}\`. A name that ends in a dot is a beginning: what follows names the action, the Service or the listener.`,
  'Where members of a group must agree and do not, the value that AWS serves now stays, if one of them says it; who loses is told, and its rules are served.',
  'A parameter of the IngressClass comes before the annotation, and a Service before its Ingress.',
].join('\n')

const cell = (text: string): string => text.replaceAll('|', '\\|')

function row(declaration: AnyDeclaration): string {
  const { name, parser, merge, on, params, call, otherwise } = declaration
  const value = declaration.default
  const plain =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? `\`${value}\`` : ''
  const cells = [
    `\`${name}\``,
    parser.allowed,
    otherwise ?? plain,
    merges[merge],
    on.join(', '),
    params === undefined ? '' : `\`${params}\``,
    `\`${call}\``,
  ]
  return `| ${cells.map(cell).join(' | ')} |`
}
