/** SDK clients against a cloud in this process. */
import { ACMClient } from '@aws-sdk/client-acm'
import { EC2Client } from '@aws-sdk/client-ec2'
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api'
import { ShieldClient } from '@aws-sdk/client-shield'
import { STSClient } from '@aws-sdk/client-sts'
import { WAFV2Client } from '@aws-sdk/client-wafv2'
import { inProcess } from '../../../localstack/aws/in-process.ts'
import { createWafRegionalClient } from '../../../src/aws/waf-regional.ts'
import type { Handle } from '../../../src/lib/http.ts'

export function clientsFor(
  handle: Handle,
  { account = '123456789012', region = 'eu-west-1', userAgent = '' } = {},
) {
  const config = {
    region,
    endpoint: 'http://local.test',
    credentials: { accessKeyId: account, secretAccessKey: 'local' },
    requestHandler: inProcess(handle),
    maxAttempts: 1,
    ...(userAgent ? { customUserAgent: userAgent } : {}),
  }
  return {
    ec2: new EC2Client(config),
    elbv2: new ElasticLoadBalancingV2Client(config),
    acm: new ACMClient(config),
    sts: new STSClient(config),
    wafv2: new WAFV2Client(config),
    'waf-regional': createWafRegionalClient(config),
    shield: new ShieldClient(config),
    tagging: new ResourceGroupsTaggingAPIClient(config),
  }
}

/** The wire code of the refusal. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    return (error as Error).name
  }
  return 'none'
}
