// No test of ours: what `test/records.test.ts` runs to see a leak found. A controller is given a secret where it tells what it reads.
import { test } from 'node:test'
import { marker } from './records.ts'
import { member, openShop } from './end-to-end/shop.ts'

test('a controller is shown a secret', async () => {
  const shop = await openShop()
  const shown = process.env['LEAK'] === '1' ? marker : 'nothing'
  await shop.world.kube.apply(member('web', { 'group.name': `${shown}-4711` }))
  await shop.address('web')
  await shop.controller.idle()
  await shop.world.end()
})
