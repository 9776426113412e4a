/** Every scenario of the sandbox on a real kube-apiserver and etcd (`npm run test:cluster`; builds them once with Go). */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { binaries } from './binaries.ts'
import { clientOf } from './client.ts'
import { startCluster } from './cluster.ts'
import { requests } from './requests.ts'
import { serviceAccount } from './service-account.ts'

const root = resolve(import.meta.dirname, '../..')

const sandbox = join(root, 'localstack/sandbox.ts')
const run = (...flags: readonly string[]) =>
  spawnSync(process.execPath, [sandbox, ...flags], { encoding: 'utf8', timeout: 180_000 })
const listed = JSON.parse(run('--list', '--json').stdout) as { name: string }[]

for (const { name } of listed)
  test(`scenario ${name} on a real API server, the controller under the chart's roles`, async (t) => {
    // One each: what the pods of another are still doing must not be in its account.
    const cluster = await startCluster(binaries())
    t.after(() => cluster.stop())
    const kube = clientOf(cluster.kubeconfig)
    t.after(() => kube.close())
    // Only scenario `login` has Secrets that the controller is to read.
    const { kubeconfig } = await serviceAccount(kube, cluster, ['login'])
    const played = run(
      '--once',
      `--scenario=${name}`,
      `--kubeconfig=${cluster.kubeconfig}`,
      `--controller-kubeconfig=${kubeconfig}`,
    )
    assert.equal(played.status, 0, played.stdout + played.stderr)
    const asked = requests(cluster)
    assert.ok(asked.length > 20, 'the audit log tells of the controller')
    assert.deepEqual(
      asked.filter(({ permitted }) => !permitted),
      [],
    )
  })
