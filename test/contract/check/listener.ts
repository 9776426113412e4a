// Listeners and their certificates: made, read back, changed, removed.
import assert from 'node:assert/strict'
import {
  AddListenerCertificatesCommand,
  DeleteListenerCommand,
  DescribeListenerAttributesCommand,
  DescribeListenerCertificatesCommand,
  DescribeListenersCommand,
  ModifyListenerAttributesCommand,
  ModifyListenerCommand,
  RemoveListenerCertificatesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { check, forward, notFound, refused, type Bench } from '../bench.ts'
import { importCertificate } from './certificate.ts'

const described = async ({ clients }: Bench, arn: string) => {
  const { Listeners } = await clients.elbv2.send(new DescribeListenersCommand({ ListenerArns: [arn] }))
  return Listeners?.[0]
}
const attributes = async (
  { clients }: Bench,
  ListenerArn: string,
): Promise<Readonly<Record<string, string>>> => {
  const { Attributes = [] } = await clients.elbv2.send(new DescribeListenerAttributesCommand({ ListenerArn }))
  return Object.fromEntries(Attributes.map(({ Key = '', Value = '' }) => [Key, Value]))
}
const certificates = async ({ clients }: Bench, ListenerArn: string): Promise<string[]> => {
  const { Certificates = [] } = await clients.elbv2.send(
    new DescribeListenerCertificatesCommand({ ListenerArn }),
  )
  return Certificates.map(({ CertificateArn = '', IsDefault }) =>
    IsDefault ? 'default' : CertificateArn,
  ).sort()
}
const teapot = {
  Type: 'fixed-response' as const,
  FixedResponseConfig: { StatusCode: '418', ContentType: 'text/plain' },
}

export const listenerChecks = [
  check('listener/made', 'a listener is read back as it was made', async (bench) => {
    const { loadBalancer } = await bench.shared()
    const { ListenerArn } = await bench.listener(loadBalancer, { Port: 8081 })
    const read = await bench.eventually(() => described(bench, ListenerArn))
    assert.deepEqual([read?.Port, read?.Protocol, read?.LoadBalancerArn], [8081, 'HTTP', loadBalancer])
    assert.deepEqual(read?.DefaultActions?.[0]?.FixedResponseConfig?.StatusCode, '404')
    const { Listeners = [] } = await bench.clients.elbv2.send(
      new DescribeListenersCommand({ LoadBalancerArn: loadBalancer }),
    )
    assert.ok(Listeners.some((one) => one.ListenerArn === ListenerArn))
  }),
  check('listener/same-again', 'the same once more answers with the first', async (bench) => {
    const { loadBalancer } = await bench.shared()
    const one = await bench.listener(loadBalancer, { Port: 8082 })
    const again = await bench.listener(loadBalancer, { Port: 8082 })
    assert.equal(again.ListenerArn, one.ListenerArn)
  }),
  check('listener/port-taken', 'the same port with other settings is refused', async (bench) => {
    const { loadBalancer } = await bench.shared()
    await bench.listener(loadBalancer, { Port: 8083 })
    await refused(bench.listener(loadBalancer, { Port: 8083, DefaultActions: [teapot] }), 'DuplicateListener')
  }),
  check('listener/modified', 'its default action is changed, and the rest stays', async (bench) => {
    const { loadBalancer } = await bench.shared()
    const { ListenerArn } = await bench.listener(loadBalancer, { Port: 8084 })
    await bench.clients.elbv2.send(new ModifyListenerCommand({ ListenerArn, DefaultActions: [teapot] }))
    await bench.eventually(async () => {
      const read = await described(bench, ListenerArn)
      assert.deepEqual(
        [read?.Port, read?.Protocol, read?.DefaultActions?.[0]?.FixedResponseConfig?.StatusCode],
        [8084, 'HTTP', '418'],
      )
    })
  }),
  check('listener/forward', 'a forward to one target group is read back in both forms', async (bench) => {
    const { loadBalancer } = await bench.shared()
    const { TargetGroupArn } = await bench.targetGroup()
    const made = await bench.listener(loadBalancer, { Port: 8085, DefaultActions: [forward(TargetGroupArn)] })
    const [action] = made.DefaultActions
    assert.equal(action?.TargetGroupArn, TargetGroupArn)
    assert.deepEqual(action?.ForwardConfig?.TargetGroups, [{ TargetGroupArn, Weight: 1 }])
    assert.deepEqual(action?.ForwardConfig?.TargetGroupStickinessConfig, { Enabled: false })
  }),
  check('listener/bad-port', 'ports are checked', async (bench) => {
    const { loadBalancer } = await bench.shared()
    await refused(bench.listener(loadBalancer, { Port: 70_000 }), 'ValidationError')
  }),
  check('listener/unknown-group', 'an unknown target group is refused', async (bench) => {
    const { loadBalancer } = await bench.shared()
    const { TargetGroupArn } = await bench.targetGroup()
    const unknown = TargetGroupArn.replace(/[0-9a-f]{16}$/, '0123456789abcdef')
    await refused(bench.listener(loadBalancer, { DefaultActions: [forward(unknown)] }), 'TargetGroupNotFound')
  }),
  check('listener/attributes', 'attributes are merged, not replaced', async (bench) => {
    const { listener: ListenerArn } = await bench.shared()
    const before = await bench.eventually(() => attributes(bench, ListenerArn))
    assert.equal(before['routing.http.response.server.enabled'], 'true')
    const set = (Value: string) =>
      bench.clients.elbv2.send(
        new ModifyListenerAttributesCommand({
          ListenerArn,
          Attributes: [{ Key: 'routing.http.response.x_frame_options.header_value', Value }],
        }),
      )
    bench.afterwards(() => set(''))
    await set('DENY')
    await bench.eventually(async () =>
      assert.deepEqual(await attributes(bench, ListenerArn), {
        ...before,
        'routing.http.response.x_frame_options.header_value': 'DENY',
      }),
    )
  }),
  check('listener/unknown-attribute', 'an unknown attribute is refused', async (bench) => {
    const { listener: ListenerArn } = await bench.shared()
    const Attributes = [{ Key: 'no.such.attribute', Value: 'true' }]
    await refused(
      bench.clients.elbv2.send(new ModifyListenerAttributesCommand({ ListenerArn, Attributes })),
      'ValidationError',
      'InvalidConfigurationRequest',
    )
  }),
  check('listener/bare-https', 'HTTPS without a certificate is refused', async (bench) => {
    const { loadBalancer } = await bench.shared()
    await refused(
      bench.listener(loadBalancer, { Protocol: 'HTTPS', Port: 8443 }),
      'ValidationError',
      'CertificateNotFound',
    )
  }),
  check(
    'listener/https',
    'HTTPS has a policy, a default certificate, and others beside it',
    async (bench) => {
      const { loadBalancer } = await bench.shared()
      const [first, second] = [await importCertificate(bench), await importCertificate(bench)]
      const { ListenerArn, SslPolicy } = await bench.listener(loadBalancer, {
        Protocol: 'HTTPS',
        Port: 8444,
        SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
        Certificates: [{ CertificateArn: first }],
      })
      assert.equal(SslPolicy, 'ELBSecurityPolicy-TLS13-1-2-2021-06')
      const Certificates = [{ CertificateArn: second }]
      const { elbv2 } = bench.clients
      await bench.eventually(() =>
        elbv2.send(new AddListenerCertificatesCommand({ ListenerArn, Certificates })),
      )
      await elbv2.send(new AddListenerCertificatesCommand({ ListenerArn, Certificates }))
      await bench.eventually(async () =>
        assert.deepEqual(await certificates(bench, ListenerArn), [second, 'default'].sort()),
      )
      await elbv2.send(new RemoveListenerCertificatesCommand({ ListenerArn, Certificates }))
      await bench.eventually(async () =>
        assert.deepEqual(await certificates(bench, ListenerArn), ['default']),
      )
    },
  ),
  check('listener/mutual', 'mutual authentication is kept and told', async (bench) => {
    const { loadBalancer } = await bench.shared()
    const made = await bench.listener(loadBalancer, {
      Protocol: 'HTTPS',
      Port: 8445,
      Certificates: [{ CertificateArn: await importCertificate(bench) }],
      MutualAuthentication: { Mode: 'passthrough' },
    })
    assert.equal(made.MutualAuthentication.Mode, 'passthrough')
  }),
  check('listener/unknown-certificate', 'an unknown certificate is refused', async (bench) => {
    const { loadBalancer } = await bench.shared()
    const known = await importCertificate(bench)
    const CertificateArn = known.replace(/[0-9a-f-]{36}$/, '00000000-0000-0000-0000-000000000000')
    const made = bench.listener(loadBalancer, {
      Protocol: 'HTTPS',
      Port: 8446,
      Certificates: [{ CertificateArn }],
    })
    await refused(made, 'CertificateNotFound')
  }),
  check('listener/unknown-policy', 'an unknown policy is refused', async (bench) => {
    const { loadBalancer } = await bench.shared()
    const made = bench.listener(loadBalancer, {
      Protocol: 'HTTPS',
      Port: 8447,
      SslPolicy: 'ELBSecurityPolicy-Nobody',
      Certificates: [{ CertificateArn: await importCertificate(bench) }],
    })
    await refused(made, 'SSLPolicyNotFound', 'ValidationError')
  }),
  check('listener/deleted', 'a deleted one is not found', async (bench) => {
    const { loadBalancer } = await bench.shared()
    const { ListenerArn } = await bench.listener(loadBalancer, { Port: 8088, DefaultActions: [notFound] })
    await bench.clients.elbv2.send(new DeleteListenerCommand({ ListenerArn }))
    await bench.eventually(() => refused(described(bench, ListenerArn), 'ListenerNotFound'))
  }),
]
