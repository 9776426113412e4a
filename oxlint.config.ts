// Lint, and the one place where import directions are written: a folder may import what its row lists.
import { defineConfig, type OxlintOverride } from 'oxlint'

const layers: Record<string, { readonly may: readonly string[]; readonly pure?: true }> = {
  lib: { may: [], pure: true },
  route: { may: ['lib'], pure: true },
  kind: { may: ['lib'], pure: true },
  annotation: { may: ['lib'], pure: true },
  model: { may: ['lib', 'annotation', 'route', 'kind'], pure: true },
  plan: { may: ['lib', 'model', 'route', 'kind'], pure: true },
  status: { may: ['lib', 'model', 'plan', 'kind'], pure: true },
  kube: { may: ['lib', 'model', 'status', 'kind'] },
  aws: { may: ['lib', 'model', 'route', 'kind'] },
  watch: { may: ['lib', 'model', 'kube', 'annotation', 'kind'] },
  apply: { may: ['lib', 'model', 'plan', 'aws', 'kube', 'route', 'kind'] },
  webhook: { may: ['lib', 'model', 'kube', 'aws', 'kind'] },
  reconcile: { may: ['lib', 'route', 'model', 'plan', 'status', 'kube', 'aws', 'watch', 'apply', 'kind'] },
}

const folders = Object.keys(layers)
const wires = ['@aws-sdk/*', '@smithy/*', '@kubernetes/*', 'pino', 'p-retry', 'undici']
const clocks = [
  'Date',
  'process',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'console',
  'performance',
]

const layerOverrides = Object.entries(layers).map(
  ([folder, { may, pure }]): OxlintOverride => ({
    files: [`src/${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...folders
              .filter((other) => other !== folder && !may.includes(other))
              .map((other) => ({
                group: [`**/${other}/*`, `**/${other}/**`],
                message: `src/${folder} may import ${may.join(', ') || 'nothing'}; not ${other}.`,
              })),
            {
              group: ['**/main.ts', '**/config.ts', '**/serve.ts', '**/localstack/**'],
              message: `src/${folder} must not import what starts it.`,
            },
            ...(pure
              ? [
                  { group: wires, message: `src/${folder} is pure: no wire types, no logger.` },
                  {
                    // src/lib/trace.ts: a channel carries what is told to whoever listens, and does nothing itself.
                    group: [
                      'node:*',
                      '!node:crypto',
                      '!node:net',
                      ...(folder === 'lib' ? ['!node:diagnostics_channel'] : []),
                    ],
                    message: `src/${folder} is pure: no I/O, no timers.`,
                  },
                ]
              : [
                  {
                    group: ['node:timers', 'node:timers/*'],
                    message: 'Fake timers miss node:timers: use the globals.',
                  },
                ]),
            ...(folder === 'aws' || folder === 'apply'
              ? []
              : [
                  {
                    group: ['@aws-sdk/*', '@smithy/*'],
                    message: 'AWS wire types stay in src/aws (and apply/call.ts).',
                  },
                ]),
            ...(folder === 'kube'
              ? []
              : [{ group: ['@kubernetes/*'], message: 'Kubernetes client types stay in src/kube.' }]),
          ],
        },
      ],
      ...(pure
        ? {
            'no-restricted-globals': [
              'error',
              ...clocks.map((name) => ({
                name,
                message: `src/${folder} is pure: take ${name} as an argument.`,
              })),
            ],
          }
        : {}),
    },
  }),
)

export default defineConfig({
  plugins: ['typescript', 'import', 'node', 'unicorn'],
  categories: { correctness: 'error' },
  rules: {
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/consistent-type-imports': 'error',
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
    'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
    'max-depth': ['error', 4],
    'max-params': ['error', 5],
    complexity: ['error', 20],
    'no-console': 'error',
    eqeqeq: ['error', 'always', { null: 'ignore' }],
  },
  overrides: [
    ...layerOverrides,
    {
      files: ['localstack/**/*.ts'],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                group: folders.filter((f) => f !== 'lib' && f !== 'route').map((f) => `**/src/${f}/**`),
                message: 'localstack/ may import src/route and src/lib alone.',
              },
            ],
          },
        ],
      },
    },
    {
      files: ['test/**/*.ts', 'bench/**/*.ts'],
      rules: {
        'typescript/no-floating-promises': 'off',
        'typescript/no-non-null-assertion': 'off',
        'max-lines-per-function': 'off',
        'max-lines': 'off',
      },
    },
    {
      files: [
        'scripts/**',
        'localstack/sandbox.ts',
        'localstack/serve.ts',
        'bench/**',
        'test/contract/run.ts',
        'test/cluster/run.ts',
        'test/cluster/binaries.ts',
        'test/contract/aws.ts',
      ],
      rules: { 'no-console': 'off' },
    },
    { files: ['*.config.ts'], rules: { 'import/no-default-export': 'off' } },
  ],
})
