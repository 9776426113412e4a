/** Roles of other accounts: assumed once, again before they expire, and refusals not kept. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Aws } from '../../src/aws/client.ts'
import { createRoles } from '../../src/aws/role.ts'
import { fail, ok } from '../../src/lib/result.ts'

const options = { purpose: 'targets', priority: 'user' } as const

function world(lifeMs: number) {
  const asked: object[] = []
  let refuse = false
  const send = (async (command: { readonly input: object }) => {
    asked.push(command.input)
    if (refuse) return fail({ kind: 'denied', call: 'sts:AssumeRole', code: 'AccessDenied', message: 'no' })
    const Credentials = {
      AccessKeyId: `KEY${asked.length}`,
      SecretAccessKey: 'secret',
      SessionToken: 'token',
      Expiration: new Date(Date.now() + lifeMs),
    }
    return ok({ Credentials })
  }) as unknown as Aws['send']
  const made: string[] = []
  const roles = createRoles({ send }, 'my cluster', ({ accessKeyId, sessionToken }) => {
    made.push(`${accessKeyId} ${sessionToken}`)
    return { close: () => undefined } as unknown as Aws
  })
  return { roles, asked, made, refuse: (yes: boolean) => (refuse = yes) }
}

test('one call for all who ask, with external id and a name that STS takes', async () => {
  const { roles, asked, made } = world(3_600_000)
  const role = { arn: 'arn:aws:iam::1:role/a', externalId: 'x' }
  const [one, two] = await Promise.all([roles.of(role, options), roles.of(role, options)])
  assert.ok(one.ok && two.ok && one.value === two.value)
  await roles.of(role, options)
  assert.deepEqual(asked, [{ RoleArn: role.arn, RoleSessionName: 'AWS-LBC-mycluster', ExternalId: 'x' }])
  assert.deepEqual(made, ['KEY1 token'])
  await roles.of({ arn: role.arn }, options)
  assert.equal(asked.length, 2)
})

test('shortly before they expire new credentials are fetched; a refusal is asked again', async () => {
  const { roles, asked, refuse } = world(29_000)
  const role = { arn: 'arn:aws:iam::1:role/a' }
  await roles.of(role, options)
  refuse(true)
  const refused = await roles.of(role, options)
  assert.ok(!refused.ok && refused.error.kind === 'denied')
  refuse(false)
  assert.ok((await roles.of(role, options)).ok)
  assert.equal(asked.length, 3)
})
