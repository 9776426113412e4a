/** The scenarios `login` and `mutual-tls`: who is let in, by a session, a token or a certificate, and what targets learn of it. */
import { CreateTrustStoreCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { certify, importCertificate } from './certificate.ts'
import { expect, expectEqual } from './check.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'
import { logIn, type Visit } from './log-in.ts'
import { ingress, ingressClass, type Manifest, secret } from './manifest.ts'
import type { World } from './scenario.ts'
import { answerHeader, type Expectation, served, toldHeader, workload } from './served.ts'
import { untold } from './untold.ts'

const tls = { port: 443, tls: {} } as const
const common = { scheme: 'internet-facing', 'target-type': 'ip' }
const host = 'shop.example.com'
const at = { ...tls, host }
const client = 'shop'
const [firstSecret, secondSecret] = ['first secret', 'second secret'] as const

const credentials = (clientSecret: string): Manifest =>
  secret('oidc', { namespace: 'login', data: { clientID: client, clientSecret } })

const oidc = ({ url }: IdentityProvider): string =>
  JSON.stringify({
    issuer: url,
    authorizationEndpoint: `${url}/authorize`,
    tokenEndpoint: `${url}/token`,
    userInfoEndpoint: `${url}/userinfo`,
    secretName: 'oidc',
    authenticationRequestExtraParams: { prompt: 'login' },
  })

const members = (provider: IdentityProvider, arn: string): readonly Manifest[] => {
  const member = (name: string, annotations: Readonly<Record<string, string>>): Manifest =>
    ingress(name, {
      namespace: 'login',
      class: 'aws-alb',
      annotations: {
        ...common,
        'group.name': 'login',
        'listen-ports': '[{"HTTP":80},{"HTTPS":443}]',
        'ssl-redirect': '443',
        'certificate-arn': arn,
        ...annotations,
      },
      paths: [{ host, path: `/${name}`, service: 'web', port: 8080 }],
    })
  const pool = 'arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_Shop'
  return [
    member('login', { 'auth-type': 'oidc', 'auth-idp-oidc': oidc(provider), 'auth-session-cookie': 'who' }),
    member('members', {
      'auth-type': 'oidc',
      'auth-idp-oidc': oidc(provider),
      'auth-on-unauthenticated-request': 'deny',
    }),
    member('welcome', {
      'auth-type': 'oidc',
      'auth-idp-oidc': oidc(provider),
      'auth-on-unauthenticated-request': 'allow',
    }),
    member('pool', {
      'auth-type': 'cognito',
      'auth-idp-cognito': JSON.stringify({
        userPoolARN: pool,
        userPoolClientID: 'c',
        userPoolDomain: 'shop-users',
      }),
    }),
    member('api', {
      'jwt-validation': JSON.stringify({
        issuer: provider.url,
        jwksEndpoint: `${provider.url}/jwks`,
        additionalClaims: [{ format: 'space-separated-values', name: 'scope', values: ['read'] }],
      }),
    }),
    member('open', {}),
  ]
}

const isSentTo = (expected: string) => (answer: Parameters<typeof toldUrl>[0]) =>
  String(answerHeader('location')(answer)).startsWith(expected)
const toldUrl = answerHeader('location')

function requests(provider: IdentityProvider): readonly Expectation[] {
  const bearer = (claims: Readonly<Record<string, unknown>>) => ({
    headers: { authorization: `Bearer ${provider.token(claims)}` },
  })
  return [
    { ...at, path: '/open', by: 'web' },
    { host, path: '/open', by: 301, see: toldUrl, seen: `https://${host}:443/open` },
    { ...at, path: '/login', by: 302, see: isSentTo(`${provider.url}/authorize?prompt=login`), seen: true },
    { ...at, path: '/members', by: 401 },
    { ...at, path: '/welcome', by: 'web', see: toldHeader('x-amzn-oidc-identity'), seen: undefined },
    {
      ...at,
      path: '/pool',
      by: 302,
      see: isSentTo('https://shop-users.auth.eu-west-1.amazoncognito.com/oauth2/authorize?'),
      seen: true,
    },
    { ...at, path: '/api', by: 401 },
    { ...at, path: '/api', ...bearer({ scope: 'write' }), by: 401 },
    { ...at, path: '/api', ...bearer({ scope: 'write read' }), by: 'web' },
    { ...at, path: '/api', ...bearer({ scope: 'read', exp: 1 }), by: 401 },
  ]
}

const visit = (world: World, hostname: string, path: string): Promise<Visit> =>
  logIn(
    path,
    (to, cookie) => world.request(hostname, to, { ...at, headers: cookie === '' ? {} : { cookie } }),
    (name) => name === host,
  )

export const login = served({
  name: 'login',
  title: 'Users who log in at a provider of OpenID Connect, a pool of Cognito, and clients with tokens',
  prepare: async (world) => {
    const provider = await startIdentityProvider()
    provider.clients.set(client, firstSecret)
    const arn = await importCertificate(world, host)
    return {
      objects: [
        ingressClass('aws-alb'),
        ...workload('web', { namespace: 'login' }),
        credentials(firstSecret),
        ...members(provider, arn),
      ],
      expectations: requests(provider),
      more: async ({ checks, hostname }) => {
        await checks.until('who logs in comes back, and the target learns who it is', async () => {
          const { answer, cookie, ways } = await visit(world, hostname, '/login')
          expectEqual(ways, ['provider', 'load balancer', 'load balancer'], 'the way')
          expectEqual(toldHeader('x-amzn-oidc-identity')(answer), 'alice', 'who it is')
          expect(cookie.includes('who-0='), `no cookie of this name: ${cookie}`)
          return `${ways.join(', ')}: alice`
        })
        await checks.until('a new client secret works as soon as its Secret says so', async () => {
          provider.clients.set(client, secondSecret)
          await world.kube.apply(credentials(secondSecret))
          const { answer } = await visit(world, hostname, '/login')
          expectEqual(answer.status, 200, 'after the rotation')
          return 'logged in with the new one'
        })
        await checks.until('neither client secret is told anywhere', () =>
          untold(world, [firstSecret, secondSecret]),
        )
      },
      end: () => provider.close(),
    }
  },
})

export const mutualTls = served({
  name: 'mutual-tls',
  title: 'Clients that show a certificate: verified by a trust store on one port, handed on by another',
  prepare: async (world) => {
    const authority = certify('office CA')
    const alice = certify('alice', authority)
    const stranger = certify('alice', certify('office CA'))
    const arn = await importCertificate(world, host)
    await world.putObject('bundles', 'office.pem', authority.certificate)
    const bundle = { CaCertificatesBundleS3Bucket: 'bundles', CaCertificatesBundleS3Key: 'office.pem' }
    await world.elbv2.send(new CreateTrustStoreCommand({ Name: 'office', ...bundle }))
    const shows = ({ certificate: cert, key }: typeof alice, port: number) => ({
      port,
      tls: { cert, key },
      host,
    })
    const subject = 'x-amzn-mtls-clientcert-subject'
    return {
      objects: [
        ingressClass('aws-alb'),
        ...workload('web', { namespace: 'mutual-tls' }),
        ingress('mutual-tls', {
          namespace: 'mutual-tls',
          class: 'aws-alb',
          annotations: {
            ...common,
            'listen-ports': '[{"HTTP":80},{"HTTPS":443},{"HTTPS":8443}]',
            'certificate-arn': arn,
            'mutual-authentication': JSON.stringify([
              { port: 443, mode: 'verify', trustStore: 'office' },
              { port: 8443, mode: 'passthrough' },
            ]),
          },
          paths: [{ path: '/', service: 'web', port: 8080 }],
        }),
      ],
      expectations: [
        { ...shows(alice, 443), path: '/', by: 'web', see: toldHeader(subject), seen: 'CN=alice' },
        {
          ...shows(stranger, 8443),
          path: '/',
          by: 'web',
          see: (answer) => String(toldHeader('x-amzn-mtls-clientcert')(answer)).startsWith('-----BEGIN'),
          seen: true,
        },
        { port: 8443, tls: {}, host, path: '/', by: 'web' },
        { host, path: '/', by: 'web' },
      ],
      more: async ({ checks, hostname }) => {
        await checks.until('a stranger, and who shows nothing, is not let in', async () => {
          for (const how of [shows(stranger, 443), at])
            expect(
              await world.request(hostname, '/', how).then(
                () => false,
                () => true,
              ),
              'the handshake went well',
            )
        })
      },
    }
  },
})
