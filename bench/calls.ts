/**
 * How many AWS calls ordinary changes cost, counted by the local AWS's journal, beside what ALBC 3.5 was measured to make
 * (as built from source, on a real API server and moto, its calls counted by a proxy). Seconds are those until the last call; in
 * brackets with 100 ms more for each call, which is nearer to AWS. Nobody limits the rate, but where it says so.
 */
import { many, member, ns, path, touch, withSystem } from './counted.ts'

type Row = { readonly what: string; readonly albc: string; readonly ours: string }
const rows: Row[] = []

await withSystem(async (bench) => {
  bench.start()
  await bench.apps(['web'])
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
  const warm = await bench.count(() =>
    bench.kube.apply(member('web', [path('/missing', 'nobody'), path('/', 'web')])),
  )
  rows.push({ what: 'the same Ingress again, warm', albc: '16 R / 10 W', ours: warm })
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

await withSystem(
  async (bench) => {
    bench.start()
    await bench.services(['web'])
    await bench.count(() => bench.kube.apply(member('web', many(199))))
    rows.push({
      what: 'pass that changes nothing, 200 rules',
      albc: '214 R / 0 W',
      ours: await bench.count(() => touch(bench, 'web')),
    })
    const edited = await bench.count(() =>
      bench.kube.apply(member('web', [...many(100), path('/q100', 'web'), ...many(199).slice(101)])),
    )
    rows.push({ what: 'one path changed, 200 rules', albc: '214 R / 1 W', ours: edited })
  },
  { rules: 300 },
)

await withSystem(async (bench) => {
  bench.start()
  await bench.apps(['web'])
  await bench.count(() => bench.kube.apply(member('web', [path('/', 'web')])))
  const scale = (replicas: number) =>
    bench.count(() =>
      bench.kube.patch(`/apis/apps/v1/namespaces/${ns}/deployments/web`, { spec: { replicas } }),
    )
  rows.push({ what: 'pod added', albc: '1-3 R / 1 W', ours: await scale(2) })
  rows.push({ what: 'pod removed', albc: '0-2 R / 1 W', ours: await scale(1) })
})

await withSystem(async (bench) => {
  bench.start()
  const names = Array.from({ length: 200 }, (_, i) => `s${String(i).padStart(3, '0')}`)
  await bench.apps(names)
  const all = await bench.count(async () => {
    for (let i = 0; i < 100; i += 1) {
      const [a = '', b = ''] = names.slice(2 * i, 2 * i + 2)
      const group = { 'group.name': `g${i % 20}` }
      await bench.kube.apply(member(`i${i}`, [path(`/${a}`, a), path(`/${b}`, b)], group))
    }
  })
  rows.push({
    what: '100 Ingresses, 200 target groups with a pod each, at once in 20 groups',
    albc: '800 R / 682 W',
    ours: all,
  })
  await bench.stop()
  const again = await bench.count(() => bench.start('throttled'), 'timed')
  rows.push({
    what: "restart with those, ours within AWS's limits",
    albc: '454 R / 0 W, 8.4 s (22.9 s)',
    ours: again,
  })
})

const width = (of: keyof Row): number => Math.max(...rows.map((row) => row[of].length))
for (const row of [{ what: 'case', albc: 'ALBC', ours: 'Albatross' }, ...rows])
  console.log(`${row.what.padEnd(width('what'))}  ${row.albc.padEnd(width('albc'))}  ${row.ours}`)
