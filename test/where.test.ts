// Where the cluster is, by flags, environment, instance metadata or tags: the real service's protocol, and the local AWS.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createCloud } from '../localstack/aws/cloud.ts'
import { instanceMetadataService } from '../localstack/aws/credentials-endpoint.ts'
import { listen } from '../localstack/aws/listen.ts'
import { seedVpc } from '../localstack/aws/seed.ts'
import { timings } from '../localstack/timing.ts'
import { findWhere } from '../src/where.ts'

async function metadataService(t: TestContext, facts: Readonly<Record<string, string>>): Promise<string> {
  const server = await listen(
    instanceMetadataService(() => assert.fail('no credentials here'), 'none', facts),
  )
  t.after(() => server.close())
  return server.url
}

const instance = {
  'placement/region': 'eu-west-1',
  mac: '02:00:00:00:00:01\n',
  'network/interfaces/macs/02:00:00:00:00:01/vpc-id': 'vpc-0a1b2c3d4e5f60718',
}

test('region and VPC of the instance, where nothing says them', async (t) => {
  const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: await metadataService(t, instance) }
  assert.deepEqual(await findWhere([], env), {
    ok: true,
    value: ['--aws-region=eu-west-1', '--aws-vpc-id=vpc-0a1b2c3d4e5f60718'],
  })
  assert.deepEqual(await findWhere(['--aws-region', 'us-west-2'], env), {
    ok: true,
    value: ['--aws-vpc-id=vpc-0a1b2c3d4e5f60718'],
  })
  assert.deepEqual(await findWhere(['--aws-vpc-id=vpc-1'], { ...env, AWS_REGION: 'us-west-2' }), {
    ok: true,
    value: [],
  })
})

test('what is missing is told with the reason and the flag', async (t) => {
  const gone = await findWhere([], { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:65000' })
  assert.match(
    gone.ok ? '' : gone.error,
    /^--aws-region is not given, and could not be found out: instance metadata at http:\/\/127.0.0.1:65000: .*ECONNREFUSED/,
  )
  const forbidden = await findWhere(['--aws-region=eu-west-1'], { AWS_EC2_METADATA_DISABLED: 'true' })
  assert.match(forbidden.ok ? '' : forbidden.error, /^--aws-vpc-id is not given.*AWS_EC2_METADATA_DISABLED/)
  const endpoint = await metadataService(t, {})
  const empty = await findWhere([], { AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint })
  assert.match(empty.ok ? '' : empty.error, /placement\/region: HTTP 404/)
})

test('the one VPC that bears the tags', async (t) => {
  const cloud = createCloud({
    timing: timings.instant,
    seed: (account) => seedVpc(account, { clusterName: 'demo', region: 'eu-west-1' }),
  })
  const account = cloud.account('123456789012', 'eu-west-1')
  const [vpc] = [...account.vpcs.values()]
  const aws = await listen(cloud.handle)
  t.after(() => aws.close())
  const set = { AWS_ENDPOINT_URL: aws.url, AWS_ACCESS_KEY_ID: 'CONTROLLER', AWS_SECRET_ACCESS_KEY: 'local' }
  const old = Object.fromEntries(Object.keys(set).map((key) => [key, process.env[key]]))
  Object.assign(process.env, set)
  t.after(() => {
    for (const [key, value] of Object.entries(old))
      if (value === undefined) delete process.env[key]
      else process.env[key] = value
  })
  const where = (tags: string) => findWhere(['--aws-region=eu-west-1', `--aws-vpc-tags=${tags}`], {})
  account.tags.set(vpc?.VpcId ?? '', new Map([['team', 'shop']]))
  assert.deepEqual(await where('team=shop'), { ok: true, value: [`--aws-vpc-id=${vpc?.VpcId}`] })
  const none = await where('team=nobody')
  assert.match(none.ok ? '' : none.error, /0 VPCs bear the tags team=nobody of --aws-vpc-tags, not one/)
})
