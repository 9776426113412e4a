/** external-dns with a zone in memory, whose log is the journal of what it did: records, and complaints. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { guard } from '../cluster.ts'
import { freePort } from '../../../localstack/scenario/controller.ts'

type Change = {
  readonly what: 'CREATE' | 'UPDATE' | 'DELETE'
  readonly name: string
  readonly record: string
}
export type ExternalDns = {
  /** Of CNAME and address records, oldest first; those that say who owns a name are left out. */
  readonly changes: readonly Change[]
  /** Lines above level info. */
  readonly complaints: readonly string[]
  /** Name to type and target. */
  records(): ReadonlyMap<string, string>
  stop(): Promise<void>
}

export async function startExternalDns(file: string, kubeconfig: string, zone: string): Promise<ExternalDns> {
  const flags = [
    '--source=ingress',
    '--provider=inmemory',
    `--inmemory-zone=${zone}`,
    `--domain-filter=${zone}`,
    '--policy=sync',
    '--registry=txt',
    '--txt-owner-id=demo',
    '--interval=1s',
    '--log-format=json',
    `--kubeconfig=${kubeconfig}`,
    `--metrics-address=127.0.0.1:${await freePort()}`,
  ]
  const child = spawn('/bin/sh', ['-c', guard, 'sh', file, ...flags], { stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const changes: Change[] = []
  const complaints: string[] = []
  const records = new Map<string, string>()
  const read = (line: string): void => {
    // Until it has read its flags it doesn't write JSON.
    const { level, msg } = line.startsWith('{')
      ? (JSON.parse(line) as { level: string; msg: string })
      : { level: /level=(\w+)/.exec(line)?.[1] ?? '', msg: '' }
    if (level !== 'info' && level !== 'debug') complaints.push(line)
    const [, what, name = '', record = ''] =
      /^(CREATE|UPDATE|DELETE)(?: \(new\))?: (\S+) (.*)$/.exec(msg) ?? []
    if (what === undefined || / TXT /.test(` ${record} `)) return
    changes.push({ what: what as Change['what'], name, record })
    if (what === 'DELETE') records.delete(name)
    else records.set(name, record)
  }
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', read)
  return {
    changes,
    complaints,
    records: () => records,
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
