/** A play as a test: what it measured is said, and nothing was to fail. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Figures } from './play.ts'

export const line = ({ what, requests, failures, seconds, more }: Figures): string =>
  `${what}: ${requests} requests, ${failures.length} failed, ${seconds.toFixed(0)} s${more === '' ? '' : `; ${more}`}`

export const told =
  (play: () => Promise<Figures>) =>
  async (context: TestContext): Promise<void> => {
    const figures = await play()
    context.diagnostic(line(figures))
    assert.deepEqual(figures.failures, [])
    assert.ok(figures.requests > 100, `${figures.requests} requests`)
  }
