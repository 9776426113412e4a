/** Where etcd, kube-apiserver, kube-controller-manager and kubectl are: `KUBEBUILDER_ASSETS`, or built from their Go modules, once. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const here = import.meta.dirname

/** The folder; throws one clear line. Minutes the first time, then cached by what decides the outcome. */
export function binaries(): string {
  const assets = process.env['KUBEBUILDER_ASSETS']
  if (assets) {
    const missing = ['etcd', 'kube-apiserver', 'kubectl'].filter((name) => !existsSync(join(assets, name)))
    if (missing.length === 0) return assets
    throw new Error(`KUBEBUILDER_ASSETS=${assets} has no ${missing.join(', ')}`)
  }
  const key = createHash('sha256')
  for (const file of ['go.sum', 'go.mod']) key.update(readFileSync(join(here, file)))
  key.update(go(['env', 'GOOS', 'GOARCH', 'GOVERSION']))
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'albatross/cluster')
  const folder = join(cache, key.digest('hex').slice(0, 16))
  if (!existsSync(folder)) build(cache, folder)
  return folder
}

/** Under another name until it is whole: who is interrupted, or builds at the same time, leaves no half. */
function build(cache: string, folder: string): void {
  mkdirSync(cache, { recursive: true })
  const making = mkdtempSync(`${folder}-`)
  try {
    // Without the stamp `kubectl version` fails on what it can't parse.
    const version = go(['list', '-m', '-f', '{{.Version}}', 'k8s.io/kubernetes']).trim()
    const [major = '', minor = ''] = version.slice(1).split('.')
    const stamps = { gitVersion: version, gitMajor: major, gitMinor: minor }
    const stamped = Object.entries(stamps).map(
      ([name, to]) => `-X k8s.io/component-base/version.${name}=${to}`,
    )
    console.error(`building Kubernetes ${version} and etcd, once: 6 to 12 minutes on two cores, 4 GB of disk`)
    go(['build', '-trimpath', `-ldflags=-s -w ${stamped.join(' ')}`, '-o', `${making}/`, 'tool'])
    // The module's last word names it.
    renameSync(join(making, 'server'), join(making, 'etcd'))
    if (!existsSync(folder)) renameSync(making, folder)
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
}

function go(args: readonly string[]): string {
  const env = { ...process.env, CGO_ENABLED: '0' }
  const ran = spawnSync('go', args, { cwd: here, env, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (ran.status === 0) return ran.stdout
  const why = ran.error
    ? ran.error.message
    : reasonIn(ran.stderr) || `it ended with ${ran.status ?? ran.signal}`
  throw new Error(
    `no API server to test with: \`go ${args[0]}\` failed: ${why}. It needs Go 1.26 or later and the module proxy; ` +
      'or name a folder with etcd, kube-apiserver and kubectl in KUBEBUILDER_ASSETS',
  )
}

/** Of what Go printed, the line that says why: not the downloads before it. */
export const reasonIn = (printed: string): string =>
  printed
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^go: (?:downloading|finding)/.test(line))
    .at(0) ?? ''
