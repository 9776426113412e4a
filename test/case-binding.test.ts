/** Every case of bindings: what the controller calls, and what the user sees; one that starts afterwards writes nothing. UPDATE=1 rewrites. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { bindingCases, playBindings } from './case/binding-drive.ts'
import type { Account } from './case/load.ts'
import { pretty } from './case/print.ts'

const update = process.env['UPDATE'] === '1'

function compare(file: string, text: string): void {
  if (update) writeFileSync(file, text)
  assert.ok(existsSync(file), `${file} is missing: write it with UPDATE=1`)
  assert.equal(text, readFileSync(file, 'utf8'), file)
}

/** ARNs and ids stand for what they name. */
function named(text: string, { targetGroups = [], securityGroups = [] }: Account): string {
  const names = [
    ...targetGroups.map(({ TargetGroupArn, TargetGroupName }) => [
      TargetGroupArn,
      `target group ${TargetGroupName}`,
    ]),
    ...securityGroups.map(({ GroupId, GroupName }) => [GroupId, `security group ${GroupName}`]),
  ]
  return names.reduce((done, [id = '', name]) => done.replaceAll(id, `<${name}>`), text)
}

for (const name of bindingCases())
  test(`binding/${name}`, async () => {
    const { shows, folder, account, stages, afterwards } = await playBindings(name)
    assert.match(shows, /\w+ \w+/, 'the first line of input.yaml says what the case shows')
    for (const { ending, calls, seen } of stages) {
      compare(join(folder, `calls${ending}.json`), named(`${pretty(calls)}\n`, account))
      compare(join(folder, `status${ending}.json`), named(`${pretty(seen)}\n`, account))
    }
    assert.deepEqual(afterwards, [], 'a controller that starts now would write again')
  })
