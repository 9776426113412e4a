import assert from 'node:assert/strict'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, it } from 'node:test'
import { keepHostsFile } from '../../../localstack/alb/hosts-file.ts'
import { createLoopback, loopback } from '../../../localstack/alb/loopback.ts'
import { Bench, ask, fixed, forwardTo, loadBalancerArn, podIp } from './account.ts'

let bench = new Bench()
afterEach(() => bench.stop())

describe('the VPC on loopback', () => {
  it('has one address alone where that is forced or all there is', async () => {
    const single = await createLoopback({ ALBATROSS_LOOPBACK: 'single' })
    assert.equal(single.loadBalancerHost('web'), '127.0.0.1')
    const found = await createLoopback({})
    assert.equal(found.loadBalancerHost('web') === '127.0.0.1', process.platform !== 'linux')
  })

  it('keeps addresses and ports where it can', { skip: process.platform !== 'linux' }, async () => {
    const network = loopback('many')
    assert.deepEqual(network.reach('192.168.3.4', 9000), { host: '127.168.3.4', port: 9000 })
    assert.match(network.loadBalancerHost('web'), /^127\.77\.\d+\.\d+$/)
    assert.equal(network.loadBalancerHost('web'), network.loadBalancerHost('web'))
    assert.notEqual(network.loadBalancerHost('web'), network.loadBalancerHost('web2'))
    // Two addresses of different VPCs with one image, and an address in the load balancers' block.
    assert.notDeepEqual(network.reach('10.168.3.4', 9000), network.reach('192.168.3.4', 9000))
    const place = await network.place('10.77.0.1', 9000)
    assert.equal(place.host, '127.0.0.1')
    assert.deepEqual(network.reach('10.77.0.1', 9000), place)
  })

  it('gives another port when the real one is taken', { skip: process.platform !== 'linux' }, async () => {
    bench = new Bench()
    await bench.pod('10.0.7.7', 9000)
    const other = await loopback('many').place('10.0.7.7', 9000)
    assert.equal(other.host, '127.0.7.7')
    assert.notEqual(other.port, 9000)
  })

  it('works on 127.0.0.1 alone', async () => {
    bench = new Bench({ single: true })
    bench.listener(forwardTo('a'))
    bench.rule(1, [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/fixed'] } }], fixed(200, 'fixed'))
    await bench.pod(podIp(1), 80)
    await bench.pod(podIp(2), 80)
    bench.group('a', [
      [podIp(1), 80],
      [podIp(2), 80],
    ])
    const at = await bench.start()
    assert.equal(at.host, '127.0.0.1')
    await bench.healthy('a', podIp(1), 80)
    await bench.healthy('a', podIp(2), 80)
    assert.deepEqual([(await ask(at)).body, (await ask(at)).body].sort(), [podIp(1), podIp(2)])
    assert.equal((await ask(at, { path: '/fixed' })).body, 'fixed')
    bench.group('a', [[podIp(3), 80]])
    await bench.changed()
    assert.equal((await ask(at)).status, 502)
  })
})

describe('the hosts file', () => {
  it('follows the load balancers and goes away at the end', async () => {
    bench = new Bench()
    await bench.start()
    const folder = await mkdtemp(join(tmpdir(), 'hosts-'))
    const path = join(folder, 'hosts')
    assert.ok(bench.plane)
    const file = keepHostsFile(path, bench.plane)
    await file.written()
    assert.equal(await readFile(path, 'utf8'), `${bench.address().host}\tweb-1.eu-west-1.elb.amazonaws.com\n`)
    bench.account.loadBalancers.delete(loadBalancerArn)
    await bench.changed()
    await file.written()
    assert.equal(await readFile(path, 'utf8'), '')
    await file.stop()
    assert.deepEqual(await readdir(folder), [])
    await rm(folder, { recursive: true })
  })
})
