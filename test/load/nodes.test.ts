/** Under load, with changes of targets that take 10 s to arrive: no request fails. */
import { describe, test } from 'node:test'
import { shared } from './clusters.ts'
import { drained } from './drain.ts'
import { reused } from './reuse.ts'
import { told } from './told.ts'

describe('no request fails', { concurrency: 2 }, () => {
  test('while a node is drained and removed', told(drained))
  test('while addresses go from pods of one Service to those of another', told(reused))
  test('while the pods of two clusters on one target group come and go', told(shared))
})
