/** Specs that between them have every field that ALBC's schemas have. */
const selector = {
  matchLabels: { team: 'shop' },
  matchExpressions: [
    { key: 'stage', operator: 'In', values: ['test', 'live'] },
    { key: 'old', operator: 'DoesNotExist' },
  ],
}

export const everyParamsField: readonly object[] = [
  {
    namespaceSelector: selector,
    group: { name: 'team' },
    loadBalancerName: 'shop',
    scheme: 'internet-facing',
    ipAddressType: 'dualstack-without-public-ipv4',
    subnets: { ids: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'] },
    inboundCIDRs: ['10.0.0.0/8', '2001:db8::/32'],
    prefixListsIDs: ['pl-1'],
    certificateArn: ['arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-4000-8000-000000000000'],
    sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
    sslRedirectPort: '443',
    tags: [{ key: 'cost', value: 'shop' }],
    targetType: 'ip',
    loadBalancerAttributes: [{ key: 'idle_timeout.timeout_seconds', value: '120' }],
    listeners: [
      {
        protocol: 'HTTPS',
        port: 443,
        listenerAttributes: [{ key: 'routing.http.response.server.enabled', value: 'false' }],
      },
    ],
    minimumLoadBalancerCapacity: { capacityUnits: 100 },
    ipamConfiguration: { ipv4IPAMPoolId: 'ipam-pool-0123456789abcdef0' },
    wafv2AclArn: 'arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/00000000',
  },
  {
    scheme: 'internal',
    subnets: { tags: { tier: ['private', 'public'], vpc: ['main'] } },
    PrefixListsIDs: ['pl-1', 'pl-2'],
    wafv2AclName: 'shop',
  },
]

const networking = {
  ingress: [
    {
      from: [{ securityGroup: { groupID: 'sg-0123456789abcdef0' } }, { ipBlock: { cidr: '10.0.0.0/8' } }],
      ports: [{ protocol: 'TCP', port: 8080 }, { protocol: 'UDP', port: 'dns' }, {}],
    },
    { from: [{ ipBlock: { cidr: '2001:db8::/32' } }], ports: [] },
  ],
}
export const everyBindingField = [
  {
    targetGroupARN: 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef',
    multiClusterTargetGroup: true,
    targetType: 'ip',
    targetGroupProtocol: 'TCP_UDP',
    serviceRef: { name: 'web', port: 'http' },
    networking,
    ipAddressType: 'ipv6',
    vpcID: 'vpc-0123456789abcdef0',
    iamRoleArnToAssume: 'arn:aws:iam::123456789012:role/other',
    assumeRoleExternalId: 'shop',
  },
  {
    targetGroupName: 'web',
    targetType: 'instance',
    serviceRef: { name: 'web', port: 80 },
    nodeSelector: selector,
  },
] as const
