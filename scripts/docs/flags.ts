/** docs/flags.md, from the declarations in src/flag.ts. */
import { ignoredFlags } from '../../src/config.ts'
import { flags } from '../../src/flag.ts'
import type { Flag } from '../../src/flag-parser.ts'
import { settings } from '../../src/model/settings.ts'

export function flagsPage(): string {
  const { featureGates } = settings({ clusterName: '', region: '', vpcId: '' })
  return `${[
    '# Flags',
    '',
    'Each may also come from the environment: `--cluster-name` is `ALBATROSS_CLUSTER_NAME`. A flag beats the environment. Every mistake is told at once, before anything starts.',
    '',
    '| flag | default | allowed | what it does | also from | in ALBC |',
    '|---|---|---|---|---|---|',
    ...Object.entries<Flag<unknown>>(flags).map(([name, flag]) => row(name, flag)),
    '',
    '## Feature gates',
    '',
    'For `--feature-gates`, with their defaults:',
    '',
    ...Object.entries(featureGates).map(([name, on]) => `- \`${name}=${on}\``),
    '',
    '## Accepted without effect',
    '',
    "Flags of ALBC that belong to what is not served here (Services, Gateways), so that ALBC's manifests start this controller:",
    '',
    ...[...ignoredFlags].sort().map((name) => `- \`--${name}\``),
  ].join('\n')}\n`
}

function row(name: string, flag: Flag<unknown>): string {
  const cells = [
    `\`--${name}\``,
    flag.default === undefined ? '**required**' : shown(flag),
    allowed(flag),
    flag.doc,
    (flag.env ?? []).map((one) => `\`${one}\``).join(', '),
    flag.albc ? 'yes' : '',
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

/** As one would write it. */
function shown(flag: Flag<unknown>): string {
  const value = flag.default
  if (allowed(flag).startsWith('a duration')) return `\`${duration(Number(value))}\``
  if (typeof value === 'string') return value === '' ? '' : `\`${value}\``
  if (typeof value === 'number' || typeof value === 'boolean') return `\`${value}\``
  if (typeof value === 'object' && value !== null && 'port' in value) return `\`:${String(value.port)}\``
  return ''
}

function duration(ms: number): string {
  const minutes = ms / 60_000
  if (minutes < 1) return `${ms / 1000}s`
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`
}

/** What the parser says to nonsense. */
function allowed({ parse }: Flag<unknown>): string {
  const refused = parse('?')
  if (refused.ok) return Array.isArray(refused.value) ? 'a list, by commas' : ''
  return refused.error.startsWith('"')
    ? 'key=value, by commas'
    : refused.error.replace(/^(?:allowed: |not (?=an? ))/, '')
}
