// A network load balancer in front of an application load balancer: bytes go through, health is checked through its listener.
import assert from 'node:assert/strict'
import { type Socket, connect } from 'node:net'
import { after, describe, it } from 'node:test'
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DeleteListenerCommand,
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  ModifyListenerCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { startDataPlane } from '../../../localstack/alb/data-plane.ts'
import { createLoopback } from '../../../localstack/alb/loopback.ts'
import { createCloud } from '../../../localstack/aws/cloud.ts'
import { type SeededVpc, seedVpc } from '../../../localstack/aws/seed.ts'
import { timings } from '../../../localstack/timing.ts'
import { clientsFor } from '../aws/clients.ts'
import { ask, until } from './account.ts'

const text = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let all = ''
    socket.on('data', (chunk: Buffer) => (all += chunk.toString()))
    socket.on('error', () => resolve(`${all}reset`))
    socket.on('close', () => resolve(all))
  })

describe('a network load balancer in front of another', async () => {
  let seeded: SeededVpc | undefined
  const cloud = createCloud({
    timing: timings.instant,
    seed: (made) => {
      seeded = seedVpc(made, { clusterName: 'demo' })
    },
  })
  const account = cloud.account('123456789012', 'eu-west-1')
  const { elbv2 } = clientsFor(cloud.handle, { account: account.id, region: account.region })
  const plane = startDataPlane({ account, network: await createLoopback(), timing: timings.instant })
  after(() => plane.stop())
  assert.ok(seeded)
  const { vpcId, publicSubnets } = seeded

  const loadBalancer = async (Type: 'application' | 'network'): Promise<string> => {
    const input = { Name: `web-${Type}`, Type, Subnets: [...publicSubnets] }
    const { LoadBalancers } = await elbv2.send(new CreateLoadBalancerCommand(input))
    return LoadBalancers?.[0]?.LoadBalancerArn ?? ''
  }
  const answer = (StatusCode: string) => [
    { Type: 'fixed-response' as const, FixedResponseConfig: { StatusCode, ContentType: 'text/plain' } },
  ]
  const alb = await loadBalancer('application')
  const nlb = await loadBalancer('network')
  for (const record of account.securityGroups.values())
    record.rules = [{ IsEgress: false, IpProtocol: '-1', CidrIpv4: '0.0.0.0/0' }]
  const { Listeners } = await elbv2.send(
    new CreateListenerCommand({
      LoadBalancerArn: alb,
      Protocol: 'HTTP',
      Port: 8080,
      DefaultActions: answer('201'),
    }),
  )
  const behind = Listeners?.[0]?.ListenerArn ?? ''
  const { TargetGroups } = await elbv2.send(
    new CreateTargetGroupCommand({
      Name: 'front',
      Protocol: 'TCP',
      Port: 80,
      VpcId: vpcId,
      TargetType: 'alb',
      Matcher: { HttpCode: '200-299' },
    }),
  )
  const TargetGroupArn = TargetGroups?.[0]?.TargetGroupArn ?? ''
  const front = await elbv2.send(
    new CreateListenerCommand({
      LoadBalancerArn: nlb,
      Protocol: 'TCP',
      Port: 80,
      DefaultActions: [{ Type: 'forward', TargetGroupArn }],
    }),
  )
  const state = async (): Promise<string | undefined> => {
    const found = await elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn }))
    return found.TargetHealthDescriptions?.[0]?.TargetHealth?.State
  }
  const Targets = [{ Id: alb, Port: 8080 }]

  it('resets connections without a target, then passes them to the listener of the other', async () => {
    await until('both listen', () => Boolean(plane.addressOf(alb, 8080) && plane.addressOf(nlb, 80)))
    const at = plane.addressOf(nlb, 80)
    assert.ok(at)
    assert.notEqual(at.host + at.port, JSON.stringify(plane.addressOf(alb, 8080)))
    assert.equal(await text(connect(at)), 'reset')
    await elbv2.send(new RegisterTargetsCommand({ TargetGroupArn, Targets }))
    await until('its health check passes', async () => (await state()) === 'healthy')
    assert.equal((await ask(at, { path: '/x' })).status, 201)
    const half = connect({ ...at, allowHalfOpen: true })
    half.end('GET / HTTP/1.0\r\nHost: web\r\n\r\n')
    assert.match(await text(half), /^HTTP\/1\.1 201 /)
  })

  it('says so when the other answers what is not healthy, and still passes connections to it', async () => {
    await elbv2.send(new ModifyListenerCommand({ ListenerArn: behind, DefaultActions: answer('503') }))
    await until('its health check fails', async () => (await state()) === 'unhealthy')
    const at = plane.addressOf(nlb, 80)
    assert.ok(at)
    assert.equal((await ask(at)).status, 503)
  })

  it('forgets the other when it is deregistered, and closes with its own listener', async () => {
    const at = plane.addressOf(nlb, 80)
    assert.ok(at)
    const idle = connect(at)
    const ended = text(idle)
    await new Promise((resolve) => idle.once('connect', resolve))
    await elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets }))
    await plane.idle()
    assert.equal(await text(connect(at)), 'reset')
    await elbv2.send(new DeleteListenerCommand({ ListenerArn: front.Listeners?.[0]?.ListenerArn }))
    await until('it is closed', () => plane.addressOf(nlb, 80) === undefined)
    await ended
  })
})
