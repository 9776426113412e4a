/** Every scenario of the sandbox on a real kube-apiserver and etcd (`npm run test:cluster`; builds them once with Go). */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { binaries } from './binaries.ts'
import { clientOf } from './client.ts'
import { startCluster } from './cluster.ts'
import { type Asked, requests } from './requests.ts'
import { serviceAccount } from './service-account.ts'

const root = resolve(import.meta.dirname, '../..')

const sandbox = join(root, 'localstack/sandbox.ts')
const run = (...flags: readonly string[]) =>
  spawnSync(process.execPath, [sandbox, ...flags], { encoding: 'utf8', timeout: 180_000 })
const listed = JSON.parse(run('--list', '--json').stdout) as { name: string }[]

async function play(
  t: TestContext,
  name: string,
  apiServer: readonly string[] = [],
): Promise<readonly Asked[]> {
  // One each: what the pods of another are still doing must not be in its account.
  const cluster = await startCluster(binaries(), { apiServer })
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
  return asked
}

for (const { name } of listed)
  test(`scenario ${name} on a real API server, the controller under the chart's roles`, async (t) => {
    await play(t, name)
  })

/** As far back as a server of 1.36 goes: it serves what 1.33 did, and what can be switched off is off. */
const older = [
  '--emulated-version=kube=1.33',
  '--feature-gates=WatchList=false',
  '--disable-admission-plugins=ValidatingAdmissionPolicy,MutatingAdmissionPolicy',
]
for (const name of ['workshop', 'login'])
  test(`scenario ${name} on a server without WatchList, admission policies and what is newer than 1.33`, async (t) => {
    const asked = await play(t, name, older)
    assert.ok(asked.some(({ verb, requestURI }) => verb === 'list' && requestURI.includes('limit=500')))
  })
