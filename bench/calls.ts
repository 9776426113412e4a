/**
 * How many AWS calls ordinary changes cost, counted by the local AWS's journal, beside what ALBC 3.5 was measured to make
 * (as built from source, on a real API server and moto, its calls counted by a proxy). Nobody limits the rate.
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
  const scale = (replicas: number) => bench.count(() => bench.scale('web', replicas))
  rows.push({ what: 'pod added', albc: '1-3 R / 1 W', ours: await scale(2) })
  rows.push({ what: 'pod removed', albc: '0-2 R / 1 W', ours: await scale(1) })
})

await withSystem(async (bench) => {
  bench.start()
  await bench.apps(['web'])
  await bench.count(async () => {
    for (let i = 0; i < 40; i += 1)
      await bench.kube.apply(member(`i${i}`, [path('/', 'web')], { 'group.name': `g${i}` }))
  })
  const pod = await bench.count(() => bench.scale('web', 2), 'timed')
  rows.push({
    what: 'one pod of a Service shared by 40 bindings, until the last call',
    albc: '41 R / 40 W, 5.05 s',
    ours: pod,
  })
})

await withSystem(async (bench) => {
  bench.start()
  await bench.apps(['web'])
  await bench.count(() => bench.kube.apply(member('web', [path('/', 'web')])))
  const change = await bench.count(() =>
    bench.kube.apply(member('web', [path('/', 'web')], { scheme: 'internal' })),
  )
  const balancers = bench.made().filter((action) => /^(Create|Delete)LoadBalancer$/.test(action))
  rows.push({
    what: 'scheme change: what becomes of the load balancers',
    albc: 'DeleteLoadBalancer, then CreateLoadBalancer',
    ours: `${balancers.slice(1).join(', then ')}, and the old one serves for 15 min more; ${change}`,
  })
})

const width = (of: keyof Row): number => Math.max(...rows.map((row) => row[of].length))
for (const row of [{ what: 'case', albc: 'ALBC', ours: 'Albatross' }, ...rows])
  console.log(`${row.what.padEnd(width('what'))}  ${row.albc.padEnd(width('albc'))}  ${row.ours}`)
