// npm run test:contract [-- embedded|moto|localstack ...] [--require=<the same>]: makes ready what each needs, and runs its checks.
// Who can't be had is left out with one line that says why; with --require that is a failure.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pythonWith } from '../python.ts'

type Ready = {
  /** Beside `<name>.test.ts`. */
  readonly files?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly without?: string
}
const providers: Readonly<Record<string, () => Promise<Ready>>> = {
  embedded: async () => ({ files: ['aws.test.ts', 'refusal.test.ts'] }),
  moto: async () => {
    try {
      const python = await pythonWith('moto', join(import.meta.dirname, 'moto.txt'))
      return { env: { MOTO_PYTHON: python }, files: ['compose.test.ts'] }
    } catch (error) {
      const said = error instanceof Error ? error.message.trim().split('\n') : [String(error)]
      return { without: `it can not be installed (Python 3.10 or later with venv and pip): ${said.at(-1)}` }
    }
  },
  localstack: async () => {
    const { LOCALSTACK_AUTH_TOKEN: token, LOCALSTACK_ENDPOINT: endpoint } = process.env
    if (!token)
      return { without: 'LOCALSTACK_AUTH_TOKEN is not set; it has load balancers with a token alone' }
    if (!endpoint || !URL.canParse(endpoint))
      return { without: 'LOCALSTACK_ENDPOINT must be where it runs, such as http://127.0.0.1:4566' }
    return {}
  },
}

const args = process.argv.slice(2)
const wanted = args.filter((arg) => !arg.startsWith('-'))
const required = args
  .filter((arg) => arg.startsWith('--require='))
  .flatMap((arg) => arg.slice('--require='.length).split(','))
const unknown = [...wanted, ...required].filter((name) => !(name in providers))
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; there are ${Object.keys(providers).join(', ')}`)
  process.exit(2)
}

const env: Record<string, string> = {}
const files: string[] = []
for (const [name, prepare] of Object.entries(providers)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const ready = await prepare()
  if (ready.without === undefined) {
    Object.assign(env, ready.env)
    for (const file of [`${name}.test.ts`, ...(ready.files ?? [])])
      files.push(join(import.meta.dirname, file))
  } else if (required.includes(name)) {
    console.error(`${name} is required: ${ready.without}`)
    process.exit(1)
  } else console.log(`without ${name}: ${ready.without}`)
}
if (files.length === 0) process.exit(1)
const suite = join(import.meta.dirname, '../../scripts/test.ts')
const { status } = spawnSync(process.execPath, [suite, ...files, '--verbose', '--limit=900'], {
  stdio: 'inherit',
  env: { ...process.env, ...env },
})
process.exitCode = status ?? 1
