/** What `--help` and `--version` print. */
import { flags } from './flag.ts'
import type { Flag } from './flag-parser.ts'
import { version } from './version.ts'

/** The text that the arguments ask for instead of a start. */
export function asked(argv: readonly string[]): string | undefined {
  if (argv.some((one) => one === '--version' || one === 'version')) return `${version}\n`
  if (argv.some((one) => one === '--help' || one === '-h')) return usage()
  return undefined
}

const usage = (): string =>
  [
    `Albatross ${version}: serves Ingresses with AWS Application Load Balancers.`,
    '',
    'Each flag may also come from the environment: --cluster-name is ALBATROSS_CLUSTER_NAME.',
    '',
    ...Object.entries<Flag<unknown>>(flags).flatMap(([name, flag]) => [
      `  --${name}${flag.default === undefined ? '  (required)' : ''}`,
      `      ${flag.doc}`,
    ]),
    '',
  ].join('\n')
