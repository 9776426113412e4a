// The checks of an account as tests: what deviates from AWS on record must deviate, and all else must hold.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Run, startRun } from './bench.ts'
import { allChecks } from './check/all.ts'
import { placeIn } from '../../localstack/scenario/place.ts'
import type { Provider } from './provider.ts'

/** Check id -> why this one is not as AWS is there. */
export type Deviations = Readonly<Record<string, string>>

type Options = { readonly deviations?: Deviations; readonly countsCalls?: boolean }

export function checksOf(
  name: string,
  start: () => Promise<Provider>,
  { deviations = {}, countsCalls = false }: Options,
): void {
  describe(name, () => {
    let provider: Provider | undefined
    let run: Run | undefined
    before(async () => {
      provider = await start()
      run = startRun(provider, await placeIn(provider.clients.ec2), Math.random().toString(16).slice(2, 8))
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
  const imports = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [
      ...readFileSync(join(folder, path), 'utf8').matchAll(/import \{([^}]*)\} from '@aws-sdk\//g),
    ])
  const calls = imports.flatMap(([, names = '']) =>
    [...names.matchAll(/\b(\w+)Command\b/g)].map(([, call = '']) => call),
  )
  assert.ok(calls.length > 40)
  return new Set(calls)
}
