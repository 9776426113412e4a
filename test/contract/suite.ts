// The checks of an account as tests: what deviates from AWS on record must deviate, and all else must hold.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Run, runTag, startRun } from './bench.ts'
import { allChecks } from './check/all.ts'
import { type Place, placeIn } from '../../localstack/scenario/place.ts'
import { playAccount } from './play.ts'
import type { Deviations } from './deviation/deviations.ts'
import type { Provider } from './provider.ts'

type Options = { readonly deviations?: Deviations; readonly countsCalls?: boolean }

export function checksOf(
  name: string,
  start: () => Promise<Provider>,
  { deviations = {}, countsCalls = false }: Options,
): void {
  describe(name, () => {
    let provider: Provider | undefined
    let place: Place | undefined
    let run: Run | undefined
    const id = Math.random().toString(16).slice(2, 8)
    before(async () => {
      provider = await start()
      place = await placeIn(provider.clients.ec2)
      run = startRun(provider, place, id)
    })
    after(async () => {
      try {
        await run?.end()
      } finally {
        await provider?.stop()
      }
    })
    const known = new Set(allChecks.map(({ id }) => id))
    it('lists no deviation of a check that is not there', () => {
      assert.deepEqual(
        Object.keys(deviations).filter((id) => !known.has(id)),
        [],
      )
    })
    for (const { id, shows, run: look } of allChecks) {
      const why = deviations[id]
      it(why === undefined ? `${id}: ${shows}` : `${id} deviates: ${why}`, async () => {
        assert.ok(run)
        const one = run.bench()
        const found = await look(one.bench).then(
          () => undefined,
          (error: unknown) => error ?? new Error('rejected'),
        )
        await one.clear()
        if (why === undefined && found !== undefined) throw found
        if (why !== undefined) assert.ok(found, `it is as AWS there now: take ${id} off the list`)
      })
    }
    it('the workshop: an Ingress from birth to deletion, by a controller on it', async () => {
      assert.ok(provider && place)
      const lines = await playAccount({ provider, place, id, tags: { [runTag]: id } })
      const [failed] = lines.filter(({ why }) => why !== undefined)
      assert.equal(failed, undefined, `${failed?.shows}: ${failed?.why}`)
      assert.equal(lines.length, 10)
    })
    if (countsCalls)
      it('leaves out no call that the controller makes', () => {
        const calls = provider?.calls?.()
        assert.deepEqual(
          [...callsOfTheController()].filter((call) => !calls?.has(call)),
          [],
        )
      })
  })
}

function callsOfTheController(): ReadonlySet<string> {
  const folder = join(import.meta.dirname, '../../src')
  const calls = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [...readFileSync(join(folder, path), 'utf8').matchAll(/\bnew (\w+)Command\(/g)])
    .map(([, call = '']) => call)
  assert.ok(calls.length > 40)
  return new Set(calls)
}
