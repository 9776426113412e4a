/** Programs of others, each built once from its own Go module with the versions that its own go.sum names; cached as the cluster's own are. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { reasonIn } from '../binaries.ts'

type Recipe = {
  readonly module: string
  readonly version: string
  /** Of the module, as go.sum would name it. */
  readonly sum: string
  /** The package to build; or a folder of the module, which is taken as it is. */
  readonly build: string | { readonly folder: string }
  readonly stamps?: Readonly<Record<string, string>>
}

const helm = 'helm.sh/helm/v3'
const recipes = {
  // Its later versions need a later Go.
  'external-dns': {
    module: 'sigs.k8s.io/external-dns',
    version: 'v0.21.0',
    sum: 'h1:YAC7ERW32eZAjSdhu44taaZGII6nwz2/wteT+BtpFzM=',
    build: '.',
  },
  // Argo CD runs health checks with it.
  glua: {
    module: 'github.com/yuin/gopher-lua',
    version: 'v1.1.2',
    sum: 'h1:yF/FjE3hD65tBbt0VXLE13HWS9h34fdzJmrWRXwobGA=',
    build: './cmd/glua',
  },
  // Stamped as its Makefile does: without a cluster it takes Kubernetes to be 1.20 otherwise.
  helm: {
    module: helm,
    version: 'v3.19.2',
    sum: 'h1:psQjaM8aIWrSVEly6PgYtLu/y6MRSmok4ERiGhZmtUY=',
    build: './cmd/helm',
    stamps: {
      [`${helm}/internal/version.version`]: 'v3.19.2',
      ...Object.fromEntries(
        ['pkg/lint/rules', 'pkg/chartutil'].flatMap((part) => [
          [`${helm}/${part}.k8sVersionMajor`, '1'],
          [`${helm}/${part}.k8sVersionMinor`, '34'],
        ]),
      ),
    },
  },
  // The kinds ServiceMonitor and PrometheusRule.
  'prometheus-operator': {
    module: 'github.com/prometheus-operator/prometheus-operator',
    version: 'v0.85.0',
    sum: 'h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=',
    build: { folder: 'example/prometheus-operator-crd' },
  },
} as const satisfies Readonly<Record<string, Recipe>>

export const programs = Object.keys(recipes) as readonly (keyof typeof recipes)[]

/** The file, or the folder; throws where there is no Go 1.26 or no module proxy. Minutes the first time. */
export function program(name: keyof typeof recipes): string {
  const recipe: Recipe = recipes[name]
  const key = createHash('sha256')
    .update(JSON.stringify(recipe))
    .update(go(['env', 'GOOS', 'GOARCH', 'GOVERSION']))
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'albatross/others')
  const made = join(cache, key.digest('hex').slice(0, 16), name)
  if (!existsSync(made)) make(recipe, made)
  return made
}

/** Under another name until it is whole. */
function make({ module, version, sum, build, stamps = {} }: Recipe, made: string): void {
  const found = JSON.parse(go(['mod', 'download', '-json', `${module}@${version}`])) as {
    Dir: string
    Sum: string
  }
  if (found.Sum !== sum) throw new Error(`${module} ${version} is not what was pinned: ${found.Sum}`)
  // The module in Go's cache is read-only, and built as a dependency it would get other versions than its own.
  const copy = mkdtempSync(join(tmpdir(), 'module-'))
  const making = `${made}.${process.pid}`
  try {
    mkdirSync(join(made, '..'), { recursive: true })
    cpSync(found.Dir, copy, { recursive: true })
    spawnSync('chmod', ['-R', 'u+w', copy])
    if (typeof build === 'string') {
      const stamped = Object.entries(stamps).map(([variable, value]) => ` -X ${variable}=${value}`)
      process.stderr.write(`building ${module} ${version}, once\n`)
      go(['build', '-trimpath', `-ldflags=-s -w${stamped.join('')}`, '-o', making, build], copy)
    } else cpSync(join(copy, build.folder), making, { recursive: true })
    if (!existsSync(made)) renameSync(making, made)
  } finally {
    rmSync(making, { recursive: true, force: true })
    rmSync(copy, { recursive: true, force: true })
  }
}

function go(args: readonly string[], cwd = tmpdir()): string {
  const env = { ...process.env, CGO_ENABLED: '0' }
  const ran = spawnSync('go', args, { cwd, env, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (ran.status !== 0)
    throw new Error(
      `\`go ${args[0]}\` failed (it needs Go 1.26): ${ran.error?.message ?? reasonIn(ran.stderr)}`,
    )
  return ran.stdout
}
