/**
 * Where pods and instances get credentials from: the endpoint of EKS Pod Identity (and ECS), and the instance metadata service,
 * version 2 (AWS: "How EKS Pod Identity works", "Use the Instance Metadata Service").
 */
import type { Handle, HttpResponse } from '../../src/lib/http.ts'
import type { TemporaryCredentials } from './sessions.ts'

type Issue = () => TemporaryCredentials

/** `GET /v1/credentials` for whoever shows a token that is good now. */
export const podIdentity =
  (issue: Issue, isGood: (token: string) => boolean): Handle =>
  async ({ method, path, headers }) => {
    if (method !== 'GET' || path.split('?')[0] !== '/v1/credentials') return text(404, 'not found')
    if (!isGood((headers['authorization'] ?? '').trim()))
      return json(401, { Code: 'AccessDeniedException', Message: 'the token is not valid' })
    const { SessionToken: Token, ...issued } = issue()
    return json(200, { ...issued, Token, AccountId: issued.AccessKeyId.slice(4, 16) })
  }

/** `facts` are plain paths below `/latest/meta-data/`; `role` is the instance profile's. */
export const instanceMetadataService =
  (issue: Issue, role: string, facts: Readonly<Record<string, string>> = {}): Handle =>
  async ({ method, path, headers }) => {
    if (method === 'PUT' && path === '/latest/api/token')
      return { ...text(200, 'a-session'), headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' } }
    if (headers['x-aws-ec2-metadata-token'] !== 'a-session') return text(401, 'a session token is needed')
    const of = path.replace(/^\/latest\/meta-data\//, '')
    const profile = 'iam/security-credentials/'
    if (of === profile) return text(200, role)
    if (of === `${profile}${role}`) {
      const { SessionToken: Token, ...issued } = issue()
      return json(200, {
        Code: 'Success',
        Type: 'AWS-HMAC',
        LastUpdated: new Date().toISOString(),
        ...issued,
        Token,
      })
    }
    const fact = facts[of]
    return fact === undefined ? text(404, 'not found') : text(200, fact)
  }

const text = (status: number, body: string): HttpResponse => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body,
})
const json = (status: number, body: object): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
