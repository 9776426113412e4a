/** The controller as the chart installs it: a ServiceAccount with exactly the generated roles, and no right more. */
import assert from 'node:assert/strict'
import { createSign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'
import type { Client } from './client.ts'
import { type Cluster, kubeconfigOf } from './cluster.ts'

const chart = resolve(import.meta.dirname, '../../chart/files')
const name = 'albatross'
const ownNamespace = 'kube-system'
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const account = `/api/v1/namespaces/${ownNamespace}/serviceaccounts`
const subjects = [{ kind: 'ServiceAccount', name, namespace: ownNamespace }]

export type ServiceAccount = {
  /** For the controller: it names the file with the token, as the kubelet mounts it. */
  readonly kubeconfig: string
  readonly tokenFile: string
  /** By TokenRequest, for an hour. */
  renew(): Promise<void>
  /** Signed as the API server signs them: TokenRequest gives none for less than ten minutes. */
  renewFor(seconds: number): Promise<void>
  /** Deleted and made again: tokens of the one before are void. */
  remake(): Promise<void>
  /** Takes the roles in all namespaces away, or gives them back. */
  allowed(on: boolean): Promise<void>
}

/** `secretsIn`: namespaces in which the chart's values allow Secrets; they are made. */
export async function serviceAccount(
  kube: Client,
  cluster: Cluster,
  secretsIn: readonly string[] = [],
): Promise<ServiceAccount> {
  const put = async (path: string, object: object): Promise<void> => {
    const answer = await kube.call('POST', path, object)
    assert.ok(answer.status === 201 || answer.status === 409, JSON.stringify(answer.body))
  }
  await put(account, { metadata: { name } })
  await grant(put, 'ClusterRole', '', name, 'cluster-rules.yaml')
  await grant(put, 'Role', ownNamespace, name, 'own-namespace-rules.yaml')
  for (const namespace of secretsIn) {
    await put('/api/v1/namespaces', { metadata: { name: namespace } })
    await grant(put, 'Role', namespace, `${name}-secrets`, 'secret-rules.yaml')
  }
  const tokenFile = cluster.at('controller-token')
  const write = (token: string): void => writeFileSync(tokenFile, token, { mode: 0o600 })
  const made: ServiceAccount = {
    kubeconfig: cluster.at('controller-kubeconfig'),
    tokenFile,
    renew: async () => {
      const answer = await kube.call('POST', `${account}/${name}/token`, {
        spec: { expirationSeconds: 3600 },
      })
      assert.equal(answer.status, 201, JSON.stringify(answer.body))
      write((answer.body as { status: { token: string } }).status.token)
    },
    renewFor: async (seconds) => {
      const { body } = await kube.call('GET', `${account}/${name}`)
      const { uid } = (body as { metadata: { uid: string } }).metadata
      write(tokenOf(uid, seconds, readFileSync(cluster.at('sa.key'), 'utf8')))
    },
    remake: async () => {
      assert.equal((await kube.call('DELETE', `${account}/${name}`)).status, 200)
      await put(account, { metadata: { name } })
    },
    allowed: async (on) => {
      if (on) return put(`${rbac}/clusterrolebindings`, bindingOf('ClusterRole', name))
      assert.equal((await kube.call('DELETE', `${rbac}/clusterrolebindings/${name}`)).status, 200)
    },
  }
  await made.renew()
  writeFileSync(made.kubeconfig, kubeconfigOf(cluster.server, cluster.ca, { tokenFile }), { mode: 0o600 })
  return made
}

type Put = (path: string, object: object) => Promise<void>
const bindingOf = (kind: string, role: string): object => ({
  metadata: { name: role },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: role },
  subjects,
})
async function grant(put: Put, kind: 'ClusterRole' | 'Role', namespace: string, role: string, file: string) {
  const rules: unknown = parse(readFileSync(join(chart, file), 'utf8'))
  const [at, plural] = [namespace && `/namespaces/${namespace}`, kind.toLowerCase()]
  await put(`${rbac}${at}/${plural}s`, { metadata: { name: role }, rules })
  await put(`${rbac}${at}/${plural}bindings`, bindingOf(kind, role))
}

function tokenOf(uid: string, seconds: number, key: string): string {
  // The API server takes a token for a minute longer than it says.
  const end = Math.floor(Date.now() / 1000) + seconds - 60
  const issuer = 'https://kubernetes.default.svc'
  const claims = {
    iss: issuer,
    aud: [issuer],
    sub: `system:serviceaccount:${ownNamespace}:${name}`,
    iat: end - 600,
    nbf: end - 600,
    exp: end,
    'kubernetes.io': { namespace: ownNamespace, serviceaccount: { name, uid } },
  }
  const text = [{ alg: 'RS256' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`
}
