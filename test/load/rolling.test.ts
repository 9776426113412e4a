/** Under load, with changes of targets that take 10 s to arrive: the sleep that is asked for is enough, and who lacks it fails. */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { linted, lintedNodes } from './lint.ts'
import type { Figures } from './play.ts'
import { line, told } from './told.ts'
import { rolled, scaled } from './rolling.ts'

const failing =
  (play: () => Promise<Figures>) =>
  async (context: TestContext): Promise<void> => {
    const figures = await play()
    context.diagnostic(line(figures))
    assert.notDeepEqual(figures.failures, [])
  }

describe('no request fails', { concurrency: 2 }, () => {
  test('while 30 pods are rolled', told(rolled))
  test('while there are 3, then 50, then 3 pods', told(scaled))
})

describe('without the sleep', { concurrency: 2 }, () => {
  test('exactly the pods fail that were told of', failing(linted))
  test('a drained node fails whose pods were told of', failing(lintedNodes))
})
