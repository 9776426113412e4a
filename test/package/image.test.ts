/** The Dockerfile, step by step in a clean folder, and its result serving an Ingress under a user without rights. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { deployment } from '../../localstack/scenario/manifest.ts'
import { webShop } from '../web.ts'
import { startWorld } from '../../localstack/scenario/world.ts'
import { eventually } from '../world.ts'
import { buildImage, type Image } from './image.ts'

const root = resolve(import.meta.dirname, '../..')
let folder: string
let image: Image
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'albatross-image-'))
  chmodSync(folder, 0o755)
  const context = join(folder, 'context')
  const cloned = spawnSync('git', ['clone', '--quiet', root, context], { encoding: 'utf8' })
  assert.equal(cloned.status, 0, cloned.stderr)
  image = buildImage(context, folder)
})
after(() => rmSync(folder, { recursive: true, force: true }))

test('the image holds one program, its source map, licences and a bill of materials', () => {
  assert.deepEqual(readdirSync(image.workdir).sort(), [
    'LICENSE',
    'THIRD-PARTY-NOTICES.txt',
    'albatross.mjs',
    'albatross.mjs.map',
    'sbom.cdx.json',
  ])
  const sbom = JSON.parse(readFileSync(join(image.workdir, 'sbom.cdx.json'), 'utf8')) as {
    readonly components: readonly { readonly name: string; readonly licenses?: readonly unknown[] }[]
  }
  assert.ok(sbom.components.some(({ name }) => name === 'pino'))
  assert.deepEqual(
    sbom.components.filter(({ licenses }) => licenses === undefined),
    [],
  )
})

test('it says its version and its flags, and what it lacks, without a stack trace', () => {
  const [file = '', ...args] = image.entrypoint
  const say = (...more: string[]) => spawnSync(file, [...args, ...more], { encoding: 'utf8' })
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  assert.equal(say('--version').stdout, `${version}\n`)
  assert.match(say('--help').stdout, /--cluster-name/)
  const lacking = say()
  assert.equal(lacking.status, 2)
  assert.match(lacking.stderr, /--cluster-name is required/)
  assert.doesNotMatch(lacking.stderr, /^\s+at /m)
})

/** A group of processes with so much memory, as a container is one; absent where this machine lets nobody make one. */
function memoryGroup(bytes: number): { readonly procs: string; end(): void } | undefined {
  for (const [root, limit] of [
    ['/sys/fs/cgroup', 'memory.max'],
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
  ] as const) {
    const group = join(root, `albatross-test-${process.pid}`)
    try {
      mkdirSync(group)
      if (existsSync(join(group, limit))) {
        writeFileSync(join(group, limit), String(bytes))
        return { procs: join(group, 'cgroup.procs'), end: () => rmdirSync(group) }
      }
      rmdirSync(group)
    } catch {
      // The other version may be there, or none.
    }
  }
  return undefined
}

test("its heap ends at 70 % of the container's memory, with a message", (t) => {
  const group = memoryGroup(512 * 1024 ** 2)
  if (group === undefined) {
    t.skip('this machine lets nobody make a group of processes')
    return
  }
  t.after(() => group.end())
  const [node = '', ...args] = image.entrypoint
  const flags = args.filter((arg) => arg.startsWith('--'))
  const run = (program: string) =>
    spawnSync('sh', ['-c', `echo $$ > ${group.procs} && exec "$0" "$@"`, node, ...flags, '-e', program], {
      encoding: 'utf8',
    })
  const limit = Number(run("console.log(require('node:v8').getHeapStatistics().heap_size_limit)").stdout)
  assert.ok(limit > 340 * 1024 ** 2 && limit < 400 * 1024 ** 2, `${limit} bytes`)
  const greedy = run('const kept = []; for (;;) kept.push(new Array(1000).fill({}))')
  assert.match(greedy.stderr, /heap out of memory/)
  assert.equal(greedy.signal ?? greedy.status, 'SIGABRT')
})

test("it serves an Ingress as a user without rights, from a folder that it can't write", async (t) => {
  const uid = process.getuid?.() === 0 ? Number(image.user.split(':')[0]) : undefined
  const [file = '', ...args] = image.entrypoint
  const guard = join(folder, 'guard.ts')
  copyFileSync(join(root, 'localstack/scenario/guard.ts'), guard)
  const before = contentOf(image.root)
  const world = await startWorld({
    clusterName: 'image',
    region: 'eu-west-1',
    program: {
      command: [file, '--import', guard, ...args],
      directory: image.workdir,
      env: { ...image.env, HOME: '/nonexistent' },
      ...(uid === undefined ? {} : { uid }),
    },
  })
  t.after(() => world.stop())
  chmodSync(dirname(world.kubeconfig), 0o755)
  chmodSync(world.kubeconfig, 0o644)
  const starts: number[] = []
  for (let round = 0; round < 5; round += 1) {
    await world.controller.kill()
    starts.push((await world.controller.start()).readyMs)
  }
  const idle = world.controller.residentMiB()
  await world.kube.apply(...webShop(), deployment('web', { namespace: 'shop', port: 8080 }))
  const host = await eventually(async () => {
    const found = await world.kube.get<{
      status?: { loadBalancer?: { ingress?: { hostname: string }[] } }
    }>('/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web')
    const hostname = found?.status?.loadBalancer?.ingress?.[0]?.hostname
    assert.ok(hostname !== undefined)
    return hostname
  }, 20_000)
  await eventually(async () => assert.equal((await world.request(host, '/')).status, 200), 20_000)
  const serving = world.controller.residentMiB()
  const [fastest, , middle, , slowest] = starts.toSorted((a, b) => a - b)
  t.diagnostic(
    `ready in ${middle} ms (${fastest} to ${slowest}); ${idle} MiB resident when idle, ${serving} MiB with one Ingress`,
  )
  assert.ok(idle === undefined || idle < 170, `${idle} MiB resident`)
  assert.deepEqual(contentOf(image.root), before)
})

const contentOf = (path: string): readonly string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => `${name} ${statSync(join(path, name)).mtimeMs}`)
