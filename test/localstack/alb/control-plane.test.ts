import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { request } from 'node:https'
import { after, describe, it } from 'node:test'
import { ACMClient, ImportCertificateCommand } from '@aws-sdk/client-acm'
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  EC2Client,
} from '@aws-sdk/client-ec2'
import {
  AddListenerCertificatesCommand,
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DeleteLoadBalancerCommand,
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { startDataPlane } from '../../../localstack/alb/data-plane.ts'
import { createLoopback } from '../../../localstack/alb/loopback.ts'
import { selfSigned } from '../../../localstack/aws/acm/self-signed.ts'
import { createCloud } from '../../../localstack/aws/cloud.ts'
import { inProcess } from '../../../localstack/aws/in-process.ts'
import { type SeededVpc, assignPodIp, seedVpc } from '../../../localstack/aws/seed.ts'
import { timings } from '../../../localstack/timing.ts'
import { ask, until } from './account.ts'

describe('the data plane behind the local AWS', async () => {
  const timing = {
    ...timings.sandbox,
    loadBalancerActiveMs: 50,
    firstHealthCheckMs: 20,
    healthCheckTimeoutFloorMs: 100,
    throttle: false,
  }
  let seeded: SeededVpc | undefined
  const cloud = createCloud({
    timing,
    seed: (account) => {
      seeded = seedVpc(account, { clusterName: 'demo' })
    },
  })
  const account = cloud.account('123456789012', 'eu-west-1')
  const options = {
    region: 'eu-west-1',
    credentials: { accessKeyId: account.id, secretAccessKey: 'local' },
    requestHandler: inProcess(cloud.handle),
  }
  const elbv2 = new ElasticLoadBalancingV2Client(options)
  const ec2 = new EC2Client(options)
  const network = await createLoopback()
  const plane = startDataPlane({ account, network, timing })
  const pod = createServer((_, response) => response.end('pod'))
  after(async () => {
    await plane.stop()
    pod.close()
    pod.closeAllConnections()
  })

  it('serves what the SDK builds, from nothing to nothing', async () => {
    assert.ok(seeded)
    const { vpcId, publicSubnets, nodeSecurityGroup, instances } = seeded
    const { GroupId: group = '' } = await ec2.send(
      new CreateSecurityGroupCommand({ GroupName: 'lb', Description: 'lb', VpcId: vpcId }),
    )
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: group,
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
      }),
    )
    const { LoadBalancers } = await elbv2.send(
      new CreateLoadBalancerCommand({
        Name: 'web',
        Subnets: [...publicSubnets],
        SecurityGroups: [group],
        Scheme: 'internet-facing',
      }),
    )
    const arn = LoadBalancers?.[0]?.LoadBalancerArn ?? ''
    const { TargetGroups } = await elbv2.send(
      new CreateTargetGroupCommand({
        Name: 'a',
        Protocol: 'HTTP',
        Port: 9000,
        VpcId: vpcId,
        TargetType: 'ip',
        HealthCheckIntervalSeconds: 5,
        HealthCheckTimeoutSeconds: 2,
      }),
    )
    const targetGroup = TargetGroups?.[0]?.TargetGroupArn ?? ''
    const { Listeners } = await elbv2.send(
      new CreateListenerCommand({
        LoadBalancerArn: arn,
        Protocol: 'HTTP',
        Port: 80,
        DefaultActions: [
          { Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404', ContentType: 'text/plain' } },
        ],
      }),
    )
    await until('it is active', () => plane.addressOf(arn, 80) !== undefined)
    const at = plane.addressOf(arn, 80)
    assert.ok(at)
    assert.equal((await ask(at)).status, 404)

    const ip = assignPodIp(account, instances[0]?.instanceId ?? '')
    const place = await network.place(ip, 9000)
    await new Promise<void>((resolve) => pod.listen(place.port, place.host, resolve))
    await elbv2.send(
      new RegisterTargetsCommand({ TargetGroupArn: targetGroup, Targets: [{ Id: ip, Port: 9000 }] }),
    )
    const state = async () => {
      const health = await elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroup }))
      const found = health.TargetHealthDescriptions?.[0]?.TargetHealth
      return `${found?.State} ${found?.Reason}`
    }
    assert.equal(await state(), 'unused Target.NotInUse')
    await elbv2.send(
      new CreateRuleCommand({
        ListenerArn: Listeners?.[0]?.ListenerArn,
        Priority: 10,
        Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/*'] } }],
        Actions: [{ Type: 'forward', TargetGroupArn: targetGroup }],
      }),
    )
    // The node's group lets nobody but the cluster in.
    await until('the check is dropped', async () => (await state()) === 'unhealthy Target.Timeout')
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: nodeSecurityGroup,
        IpPermissions: [
          { IpProtocol: 'tcp', FromPort: 9000, ToPort: 9000, UserIdGroupPairs: [{ GroupId: group }] },
        ],
      }),
    )
    await until('it is healthy', async () => (await state()) === 'healthy undefined')
    assert.equal((await ask(at)).body, 'pod')
    await elbv2.send(
      new DeregisterTargetsCommand({ TargetGroupArn: targetGroup, Targets: [{ Id: ip, Port: 9000 }] }),
    )
    await plane.idle()
    assert.equal(await state(), 'draining Target.DeregistrationInProgress')
    assert.equal((await ask(at)).status, 503)
    await elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }))
    await plane.idle()
    assert.equal(plane.addressOf(arn, 80), undefined)
    await assert.rejects(ask(at))
  })

  it('serves HTTPS with the certificates that the SDK imports and adds, to clients that verify them', async () => {
    assert.ok(seeded)
    const acm = new ACMClient(options)
    const { GroupId: group = '' } = await ec2.send(
      new CreateSecurityGroupCommand({ GroupName: 'tls', Description: 'tls', VpcId: seeded.vpcId }),
    )
    const IpPermissions = [
      { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
    ]
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpPermissions }))
    const { LoadBalancers } = await elbv2.send(
      new CreateLoadBalancerCommand({
        Name: 'tls',
        Subnets: [...seeded.publicSubnets],
        SecurityGroups: [group],
        Scheme: 'internet-facing',
      }),
    )
    const arn = LoadBalancers?.[0]?.LoadBalancerArn ?? ''
    const validity = { notBefore: new Date('2020-01-01'), notAfter: new Date('2040-01-01') }
    const pairs = ['one.example', '*.two.example'].map((name) => selfSigned({ names: [name], ...validity }))
    const [one, two] = await Promise.all(
      pairs.map(async ({ certificate, key }) => {
        const [Certificate, PrivateKey] = [Buffer.from(certificate), Buffer.from(key)]
        return await acm.send(new ImportCertificateCommand({ Certificate, PrivateKey }))
      }),
    )
    const { Listeners } = await elbv2.send(
      new CreateListenerCommand({
        LoadBalancerArn: arn,
        Protocol: 'HTTPS',
        Port: 443,
        Certificates: [{ CertificateArn: one?.CertificateArn }],
        DefaultActions: [
          {
            Type: 'fixed-response',
            FixedResponseConfig: { StatusCode: '200', ContentType: 'text/plain', MessageBody: 'safe' },
          },
        ],
      }),
    )
    await elbv2.send(
      new AddListenerCertificatesCommand({
        ListenerArn: Listeners?.[0]?.ListenerArn,
        Certificates: [{ CertificateArn: two?.CertificateArn }],
      }),
    )
    await until('it is active', () => plane.addressOf(arn, 443) !== undefined)
    await plane.idle()
    const at = plane.addressOf(arn, 443)
    const ca = pairs.map(({ certificate }) => certificate)
    const get = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const sent = request({ ...at, agent: false, servername: host, headers: { host }, ca }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        sent.on('error', reject)
        sent.end()
      })
    assert.deepEqual(await Promise.all([get('one.example'), get('www.two.example')]), [200, 200])
    await assert.rejects(get('three.example'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    await elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }))
  })
})
