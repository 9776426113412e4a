/**
 * 100 Ingresses at once, with 200 rules and 200 target groups of a pod each, in one group and in twenty: calls, and seconds until all
 * have an address and until the last call was made; then a restart with them, and one that gets a typo. Beside ALBC 3.5, measured on moto,
 * which has no limits of calls: `within AWS's limits` has nothing to stand beside.
 */
import { type Bench, hundredMembers, member, path, theirServices, withSystem } from './counted.ts'

const ways = {
  'nobody limiting': undefined,
  '100 ms more for each call': 'distant',
  "within AWS's limits": 'throttled',
} as const
type Way = keyof typeof ways
type Figures = Partial<Record<Way, string>> & { readonly calls: string }

const albc: Record<1 | 20, { readonly atOnce: Figures; readonly restart: Figures }> = {
  1: {
    atOnce: {
      calls: '506 R / 616 W',
      'nobody limiting': 'all addresses 11.6 s, last call 46.4 s',
      '100 ms more for each call': 'all addresses 71 s, last call 115 s',
    },
    restart: { calls: '239 R / 0 W', 'nobody limiting': '9.9 s', '100 ms more for each call': '32.7 s' },
  },
  20: {
    atOnce: {
      calls: '800 R / 682 W',
      'nobody limiting': 'all addresses 11.9 s, last call 46.0 s',
      '100 ms more for each call': 'all addresses 40 s, last call 52 s',
    },
    restart: { calls: '454 R / 0 W', 'nobody limiting': '8.4 s', '100 ms more for each call': '22.9 s' },
  },
}

async function atOnce(bench: Bench, groups: number): Promise<string> {
  let addressed: readonly number[] = []
  const told = await bench.count(async () => {
    for (const one of hundredMembers(groups)) await bench.kube.apply(one)
    addressed = await bench.addressed()
  }, 'timed')
  const [half = 0, all = 0] = [addressed[49], addressed[99]]
  return `${told}, addresses: half after ${half.toFixed(1)} s, all after ${all.toFixed(1)} s`
}

async function typo(bench: Bench): Promise<void> {
  const eventsOf = async () => (await bench.events()).reduce((sum, { count = 1 }) => sum + count, 0)
  const before = await eventsOf()
  const told = await bench.count(() =>
    bench.kube.apply(
      member('i7', [path('/s14', 's14'), path('/s15', 's15')], {
        'group.name': 'g0',
        'target-type': 'bogus',
      }),
    ),
  )
  const events = (await eventsOf()) - before
  console.log(
    `  one of them gets target-type: bogus: ${told}, ${events} event (ALBC: 1 R each, all frozen, 1,414 events)`,
  )
  const edit = await bench.count(() =>
    bench.kube.apply(member('i8', [path('/s16/new', 's16'), path('/s17', 's17')], { 'group.name': 'g0' })),
  )
  console.log(`  another is edited meanwhile: ${edit} (ALBC: frozen)`)
}

for (const groups of [1, 20] as const)
  for (const [way, how] of Object.entries(ways) as [Way, (typeof ways)[Way]][])
    await withSystem(
      async (bench) => {
        const rival = albc[groups]
        const beside = (of: Figures): string =>
          of[way] === undefined ? '' : ` (ALBC: ${of.calls}, ${of[way]})`
        console.log(`100 Ingresses in ${groups === 1 ? '1 group' : `${groups} groups`}, ${way}`)
        await bench.apps(theirServices)
        bench.start(how)
        console.log(`  at once: ${await atOnce(bench, groups)}${beside(rival.atOnce)}`)
        await bench.stop()
        const again = await bench.count(() => bench.start(how), 'timed')
        console.log(`  restart with those: ${again}${beside(rival.restart)}`)
        if (groups === 1 && how === undefined) await typo(bench)
      },
      { rules: 300 },
    )
