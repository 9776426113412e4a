/**
 * How many AWS calls ordinary changes cost, counted by the local AWS's journal, beside what ALBC 3.5 was measured to make
 * (as built from source, on a real API server, its calls counted by a proxy). No throttling: these are counts, not times.
 */
import pino from 'pino'
import { automaticHealth } from '../localstack/aws/elbv2/automatic-health.ts'
import { inProcess } from '../localstack/aws/in-process.ts'
import { ingress, ingressClass, namespace, service, type PathRule } from '../localstack/scenario/manifest.ts'
import { startSystem, type System } from '../localstack/scenario/system.ts'
import { timings } from '../localstack/timing.ts'
import { readConfig } from '../src/config.ts'
import { type Running, start } from '../src/start.ts'

const ns = 'bench'
type Row = { readonly what: string; readonly albc: string; readonly ours: string }
const rows: Row[] = []

async function withSystem(play: (bench: Bench) => Promise<void>): Promise<void> {
  const system = await startSystem({ clusterName: 'bench', region: 'eu-west-1', timing: timings.instant })
  await system.plane.stop()
  automaticHealth(system.account, true)
  const bench = benchOn(system)
  await system.kube.apply(namespace(ns), ingressClass('alb'))
  try {
    await play(bench)
  } finally {
    await bench.stop()
    await system.stop()
  }
}

type Bench = {
  readonly kube: System['kube']
  start(): void
  stop(): Promise<void>
  /** Does `change`, waits until nothing is called any more, and answers with `reads R / writes W`. */
  count(change: () => void | Promise<void>): Promise<string>
  services(names: readonly string[]): Promise<void>
  events(): Promise<readonly { reason: string; count?: number }[]>
}

function benchOn(system: Awaited<ReturnType<typeof startSystem>>): Bench {
  let running: Running | undefined
  const log = pino({ level: 'silent' })
  const calls = () => system.cloud.journal.since().filter(({ accessKey }) => accessKey === 'CONTROLLER')
  const bench: Bench = {
    kube: system.kube,
    start: () => {
      const config = readConfig(
        [
          '--cluster-name=bench',
          '--aws-region=eu-west-1',
          `--aws-vpc-id=${system.vpcId}`,
          '--enable-leader-election=false',
        ],
        {},
      )
      if (!config.ok) throw new Error(config.error.join())
      const credentials = { accessKeyId: 'CONTROLLER', secretAccessKey: 'local' }
      const aws = { requestHandler: inProcess(system.cloud.handle), credentials, limits: { fill: 1000 } }
      running = start({ config: config.value, kube: system.api.handle, aws, log })
    },
    stop: async () => {
      await running?.stop()
      running = undefined
    },
    count: async (change) => {
      const since = calls().at(-1)?.n ?? 0
      await change()
      const made = await quiet(() => calls().filter(({ n }) => n > since))
      return `${made.filter(({ write }) => !write).length} R / ${made.filter(({ write }) => write).length} W`
    },
    services: async (names) => {
      for (const name of names)
        await system.kube.apply(service(name, { namespace: ns, port: 80, targetPort: 8080 }))
    },
    events: () => system.kube.list(`/api/v1/namespaces/${ns}/events`),
  }
  return bench
}

/** Until nothing was added for a second and a half. */
async function quiet<T>(look: () => readonly T[]): Promise<readonly T[]> {
  let last = -1
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const found = look()
    if (found.length === last) return found
    last = found.length
  }
}

const member = (name: string, paths: readonly PathRule[], more: Record<string, string> = {}) =>
  ingress(name, {
    namespace: ns,
    class: 'alb',
    annotations: { scheme: 'internet-facing', 'target-type': 'ip', 'group.name': 'bench', ...more },
    paths,
  })
const path = (at: string, name: string): PathRule => ({ path: at, service: name, port: 80 })
const many = (n: number, prefix = '/p'): PathRule[] =>
  Array.from({ length: n }, (_, i) => path(`${prefix}${String(i).padStart(3, '0')}`, 'web'))
const touch = (bench: Bench, name: string) =>
  bench.kube.patch(`/apis/networking.k8s.io/v1/namespaces/${ns}/ingresses/${name}`, {
    metadata: { annotations: { 'example.com/touched': String(Math.random()) } },
  })

await withSystem(async (bench) => {
  bench.start()
  await bench.services(['web'])
  const first = await bench.count(() =>
    bench.kube.apply(member('web', [path('/missing', 'nobody'), path('/', 'web')])),
  )
  rows.push({ what: 'first Ingress, first thing after start', albc: '23 R / 10 W', ours: first })
  rows.push({
    what: 'pass that changes nothing, 1 target group',
    albc: '11 R / 0 W',
    ours: await bench.count(() => touch(bench, 'web')),
  })
  const changed = await bench.count(() =>
    bench.kube.apply(member('web', [path('/other', 'nobody'), path('/', 'web')])),
  )
  rows.push({ what: 'one path changed, 2 rules', albc: '11 R / 1 W', ours: changed })
  const gone = await bench.count(() =>
    bench.kube.remove({ kind: 'Ingress', metadata: { namespace: ns, name: 'web' } }),
  )
  rows.push({ what: 'delete it', albc: '7-8 R / 6 W', ours: gone })
})

await withSystem(async (bench) => {
  bench.start()
  await bench.services(['web'])
  await bench.count(() => bench.kube.apply(member('web', many(50))))
  rows.push({
    what: 'pass that changes nothing, 50 rules',
    albc: '25 R / 0 W',
    ours: await bench.count(() => touch(bench, 'web')),
  })
  const top = await bench.count(() =>
    bench.kube.apply(member('web', [path('/p-is-longest-of-all', 'web'), ...many(50)])),
  )
  rows.push({ what: 'rule put at the top of 50', albc: '22-25 R / 52 W', ours: top })
  await bench.services(['new'])
  const added = await bench.count(() =>
    bench.kube.apply(member('new', [path('/new', 'new')], { 'group.order': '-1' })),
  )
  rows.push({ what: 'Ingress put at the top of 50 rules', albc: '27-29 R / 54 W', ours: added })
  const removed = await bench.count(() =>
    bench.kube.remove({ kind: 'Ingress', metadata: { namespace: ns, name: 'new' } }),
  )
  rows.push({ what: 'Ingress removed from a group', albc: '14-17 R / 3-6 W', ours: removed })
})

await withSystem(async (bench) => {
  bench.start()
  const names = Array.from({ length: 49 }, (_, i) => `s${String(i).padStart(2, '0')}`)
  await bench.services(names)
  const all = await bench.count(async () => {
    for (const name of names) await bench.kube.apply(member(name, [path(`/${name}`, name)]))
  })
  rows.push({
    what: '49 Ingresses, 49 target groups, at once in 1 group',
    albc: '506 R / 616 W for 100',
    ours: all,
  })
  const eventsBefore = (await bench.events()).length
  const typo = await bench.count(() =>
    bench.kube.apply(member('s07', [path('/s07', 's07')], { 'target-type': 'bogus' })),
  )
  const events = (await bench.events()).length - eventsBefore
  rows.push({
    what: 'one of them gets target-type: bogus',
    albc: '1 R each, all frozen, 1,414 events for 101',
    ours: `${typo}, ${events} event`,
  })
  const edit = await bench.count(() => bench.kube.apply(member('s08', [path('/s08/new', 's08')])))
  rows.push({ what: 'another is edited meanwhile', albc: 'frozen', ours: edit })
  await bench.stop()
  const restart = await bench.count(() => bench.start())
  rows.push({ what: 'restart with those', albc: '239 R / 0 W for 100', ours: restart })
})

const width = (of: keyof Row): number => Math.max(...rows.map((row) => row[of].length))
for (const row of [{ what: 'case', albc: 'ALBC', ours: 'Albatross' }, ...rows])
  console.log(`${row.what.padEnd(width('what'))}  ${row.albc.padEnd(width('albc'))}  ${row.ours}`)
