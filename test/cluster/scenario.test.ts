/** Every scenario of the sandbox on a real kube-apiserver and etcd (`npm run test:cluster`; builds them once with Go). */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { before, test } from 'node:test'
import { binaries, startCluster } from './cluster.ts'

const root = resolve(import.meta.dirname, '../..')

let folder: string
before(() => {
  folder = binaries()
})

for (const name of [
  'workshop',
  'paths',
  'hosts',
  'mixed',
  'exact',
  'conditions',
  'actions',
  'rewrites',
  'login',
  'mutual-tls',
  'kubernetes',
]) {
  test(`scenario ${name} on a real API server`, async (t) => {
    // One each: what the pods of another are still doing must not be in its account.
    const cluster = await startCluster(folder)
    t.after(() => cluster.stop())
    const sandbox = join(root, 'localstack/sandbox.ts')
    const flags = ['--once', `--scenario=${name}`, `--kubeconfig=${cluster.kubeconfig}`]
    const played = spawnSync(process.execPath, [sandbox, ...flags], { encoding: 'utf8', timeout: 90_000 })
    assert.equal(played.status, 0, played.stdout + played.stderr)
  })
}
