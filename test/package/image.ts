/** Does what a Dockerfile says, in folders in place of layers: each stage a root of its own, its commands run in it, in order. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export type Image = {
  readonly root: string
  readonly user: string
  readonly env: Readonly<Record<string, string>>
  /** With paths of this machine. */
  readonly entrypoint: readonly string[]
  readonly workdir: string
}
type Stage = {
  root: string
  workdir: string
  user: string
  env: Record<string, string>
  entrypoint: string[]
}

type Instruction = { readonly name: string; readonly text: string }

/** One instruction a line or, where lines end in a backslash, several. */
const instructionsOf = (file: string): readonly Instruction[] =>
  readFileSync(file, 'utf8')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', ...rest] = line.split(' ')
      return { name, text: rest.join(' ').trim() }
    })

/** `context`: the folder that is sent to the build; `folder`: where the stages come to be; `dockerfile` is in the context. */
export function buildImage(context: string, folder: string, dockerfile = 'Dockerfile'): Image {
  const stages = new Map<string, Stage>()
  let stage: Stage | undefined
  for (const { name, text } of instructionsOf(join(context, dockerfile))) {
    if (name === 'FROM') {
      const alias = / AS (\S+)$/i.exec(text)?.[1] ?? `stage-${stages.size}`
      stage = { root: join(folder, alias), workdir: '/', user: '0', env: {}, entrypoint: [] }
      mkdirSync(stage.root, { recursive: true })
      if (text.includes('distroless/nodejs24')) base(stage)
      stages.set(alias, stage)
    } else if (stage === undefined) throw new Error(`${name} before FROM`)
    else run({ name, text }, stage, stages, context)
  }
  if (stage === undefined) throw new Error('no stage')
  const [file = '', ...args] = stage.entrypoint
  const { root } = stage
  const here = (path: string): string => (existsSync(join(root, path)) ? join(root, path) : path)
  return { ...stage, workdir: join(root, stage.workdir), entrypoint: [join(root, file), ...args.map(here)] }
}

/** What the base image is taken to have: Node, and nothing else. */
function base({ root }: Stage): void {
  mkdirSync(join(root, 'nodejs/bin'), { recursive: true })
  copyFileSync(process.execPath, join(root, 'nodejs/bin/node'))
}

function run({ name, text }: Instruction, stage: Stage, stages: Map<string, Stage>, context: string): void {
  switch (name) {
    case 'WORKDIR':
      stage.workdir = text
      mkdirSync(join(stage.root, text), { recursive: true })
      return
    case 'COPY':
      copy(text, stage, stages, context)
      return
    case 'RUN':
      shell(text, stage)
      return
    case 'USER':
      stage.user = text
      return
    case 'ENV': {
      const [key = '', value = ''] = text.split('=')
      stage.env[key] = value
      return
    }
    case 'ENTRYPOINT':
      stage.entrypoint = JSON.parse(text) as string[]
      return
    case 'EXPOSE':
      return
    default:
      throw new Error(`${name} is not known here`)
  }
}

/** As COPY does: of a folder its content; a target that ends in a slash is a folder. */
function copy(text: string, stage: Stage, stages: Map<string, Stage>, context: string): void {
  const words = text.split(' ').filter((word) => word !== '')
  const from = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined
  const target = words.pop() ?? ''
  const into = join(stage.root, target.startsWith('/') ? target : join(stage.workdir, target))
  const source = from === undefined ? context : (stages.get(from)?.root ?? '')
  for (const word of words) {
    const path = join(source, word)
    if (statSync(path).isDirectory()) cpSync(path, into, { recursive: true })
    else {
      const file = target.endsWith('/') ? join(into, basename(word)) : into
      mkdirSync(dirname(file), { recursive: true })
      copyFileSync(path, file)
    }
  }
}

function shell(command: string, { root, workdir, env }: Stage): void {
  const given = { ...process.env, ...env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` }
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd: join(root, workdir),
    env: given,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`RUN ${command}: ${stdout}${stderr}`)
}
