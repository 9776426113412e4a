/** What etcd, the API server and the controllers are started with. */
export type At = (file: string) => string

/** The controller's requests are to be counted; what others do would only fill the disk. */
export const auditPolicy = (user: string): object => ({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', users: [user] }, { level: 'None' }],
})

export const etcdFlags = ({ at, etcd, peer }: { at: At; etcd: number; peer: number }): string[] => [
  '--data-dir',
  at('etcd'),
  '--listen-client-urls',
  `http://127.0.0.1:${etcd}`,
  '--advertise-client-urls',
  `http://127.0.0.1:${etcd}`,
  '--listen-peer-urls',
  `http://127.0.0.1:${peer}`,
  '--initial-advertise-peer-urls',
  `http://127.0.0.1:${peer}`,
  '--initial-cluster',
  `default=http://127.0.0.1:${peer}`,
  '--unsafe-no-fsync',
  '--log-level=warn',
]

// Without --tls-cert-file the server writes a self-signed pair into --cert-dir.
export const apiServerFlags = ({ at, etcd, port }: { at: At; etcd: number; port: number }): string[] => [
  '--etcd-servers',
  `http://127.0.0.1:${etcd}`,
  '--bind-address=127.0.0.1',
  '--advertise-address=127.0.0.1',
  `--secure-port=${port}`,
  '--cert-dir',
  at('pki'),
  '--token-auth-file',
  at('tokens.csv'),
  '--authorization-mode=RBAC',
  '--service-account-issuer=https://kubernetes.default.svc',
  '--service-account-key-file',
  at('sa.pub'),
  '--service-account-signing-key-file',
  at('sa.key'),
  '--audit-policy-file',
  at('audit-policy'),
  '--audit-log-path',
  at('audit.log'),
  '--service-cluster-ip-range=10.96.0.0/16',
  '--endpoint-reconciler-type=none',
  '--disable-admission-plugins=ServiceAccount,TaintNodesByCondition',
]

export const managerFlags = (at: At, port: number): string[] => [
  '--kubeconfig',
  at('kubeconfig'),
  '--controllers=garbage-collector-controller,namespace-controller,validatingadmissionpolicy-status-controller',
  '--leader-elect=false',
  '--service-account-private-key-file',
  at('sa.key'),
  '--bind-address=127.0.0.1',
  `--secure-port=${port}`,
  '--cert-dir',
  at('manager'),
]
