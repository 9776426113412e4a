import assert from 'node:assert/strict'
import test from 'node:test'
import { readConfig } from '../src/config.ts'

const required = ['--cluster-name=demo', '--aws-region=eu-west-1', '--aws-vpc-id=vpc-834e121643a483fd3']

test('defaults are those of ALBC', () => {
  const config = readConfig(required, {})
  assert.ok(config.ok)
  assert.equal(config.value.settings.defaultTargetType, 'instance')
  assert.equal(config.value.settings.defaultLoadBalancerScheme, 'internal')
  assert.equal(config.value.settings.ingressClass, 'alb')
  assert.equal(config.value.flags['sync-period'], 36_000_000)
})

test('flags beat the environment, in both spellings of a value', () => {
  const config = readConfig(
    [...required, '--default-target-type', 'ip', '--enable-backend-security-group=false'],
    {
      AWS_REGION: 'us-west-2',
      ALBATROSS_GROUP_FAILURE: 'strict',
    },
  )
  assert.ok(config.ok)
  assert.equal(config.value.settings.region, 'eu-west-1')
  assert.equal(config.value.settings.defaultTargetType, 'ip')
  assert.equal(config.value.settings.enableBackendSecurityGroup, false)
  assert.equal(config.value.settings.groupFailure, 'strict')
})

test("ALBC's flags for what we do not serve are accepted", () => {
  assert.ok(readConfig([...required, '--enable-shield=false', '--webhook-bind-port', '9443'], {}).ok)
  assert.ok(readConfig([...required, '--feature-gates=EnableServiceController=false'], {}).ok)
})

test('every mistake is reported at once, each with its flag and what is allowed', () => {
  const config = readConfig(
    [
      '--cluster-name=demo',
      '--aws-vpc-id=nonsense',
      '--default-target-type=pod',
      '--clustername=x',
      '--feature-gates=Nope=true',
    ],
    { AWS_REGION: 'Mars' },
  )
  assert.ok(!config.ok)
  assert.deepEqual(config.error, [
    '--clustername=x: unknown flag; did you mean --cluster-name?',
    'environment variable AWS_REGION="Mars": not a region such as eu-west-1',
    '--aws-vpc-id="nonsense": not a VPC id such as vpc-0a1b2c3d4e5f60718',
    '--default-target-type="pod": allowed: instance, ip',
    config.error.at(-1) ?? '',
  ])
  assert.match(config.error.at(-1) ?? '', /unknown gate Nope/)
})

test('times of the election that let two write at once are refused, and only where there is an election', () => {
  const times = ['--leader-election-lease-duration=11s', '--leader-election-retry-period=9s']
  const config = readConfig([...required, ...times], {})
  assert.ok(!config.ok)
  assert.match(config.error[0] ?? '', /lease-duration must be at least 2s longer than/)
  assert.match(config.error[1] ?? '', /renew-deadline must be longer than 1.2 times/)
  assert.equal(config.error.length, 2)
  assert.ok(readConfig([...required, ...times, '--enable-leader-election=false'], {}).ok)
})

test('contradicting flags are refused', () => {
  const config = readConfig(
    [
      ...required,
      '--default-tags=a=1,elbv2.k8s.aws/cluster=x',
      '--external-managed-tags=a',
      '--enable-backend-security-group=false',
      '--enable-manage-backend-security-group-rules',
      '--enable-leader-election=false',
      '--shards=4',
    ],
    {},
  )
  assert.ok(!config.ok)
  assert.equal(config.error.length, 4)
})

const operation: readonly (readonly [flag: string, good: string, bad: string])[] = [
  ['ingress-max-concurrent-reconciles', '5', '0'],
  ['targetgroupbinding-max-concurrent-reconciles', '256', '257'],
  ['max-targets-per-target-group', '0', '-1'],
  ['service-target-eni-security-group-tags', 'team=shop', '=shop'],
  ['leader-election-id', 'albatross-two', 'Not A Name'],
  ['leader-election-namespace', 'kube-system', 'kube_system'],
  ['leader-election-renew-deadline', '9s', '9'],
  ['metrics-bind-addr', '127.0.0.1:8081', 'nowhere'],
  ['health-probe-bind-addr', ':61779', ':99999'],
  ['disable-restricted-sg-rules', 'T', 'yes'],
  ['replacement-patience', '1h', 'soon'],
]
for (const [flag, good, bad] of operation)
  test(`--${flag} takes ${good}, and says what is wrong with ${bad}`, () => {
    assert.ok(readConfig([...required, `--${flag}=${good}`], {}).ok)
    const refused = readConfig([...required, `--${flag}=${bad}`], {})
    assert.ok(!refused.ok)
    assert.ok(
      refused.error.some((one) => one.startsWith(`--${flag}="${bad}": `)),
      refused.error.join(),
    )
  })
