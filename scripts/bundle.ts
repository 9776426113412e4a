// Makes dist/: the controller as one file with its source map, the licences of what is inside, and a bill of materials (CycloneDX).
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { build, type BuildOptions, type Metafile, type Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

/** What some packages still `require` at run time, in a module. */
const banner = [
  `import { createRequire as __createRequire } from 'node:module'`,
  `const require = __createRequire(import.meta.url)`,
].join('\n')

/**
 * Twice: what is loaded on demand is cut off first, so that of each package only what is used comes along; then all pieces go into
 * one file. In one go whatever a piece on demand needs is taken as a whole: a third more to read at each start.
 */
const pieces = join(dist, 'pieces')
/**
 * The SDK's schemas have keys such as `[_xN]`, which might do anything as far as esbuild knows, and so all of EC2's would come along:
 * what the constants say is put in their place.
 */
const plainKeys: Plugin = {
  name: 'plain keys in schemas',
  setup: (bundling) => {
    bundling.onLoad({ filter: /@aws-sdk\/.*\/schemas_\d+\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      const constants = new Map(
        [...text.matchAll(/^const (_\w+) = ("(?:[^"\\]|\\.)*");$/gm)].map(([, name, value]) => [name, value]),
      )
      return {
        contents: text.replaceAll(/\[(_\w+)\]:/g, (key, name: string) => `${constants.get(name) ?? key}:`),
      }
    })
  },
}
const options: BuildOptions & { readonly metafile: true } = {
  absWorkingDir: root,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  mainFields: ['module', 'main'],
  minifySyntax: true,
  sourcemap: 'linked',
  sourcesContent: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
}
rmSync(dist, { recursive: true, force: true })
mkdirSync(dist)
const { metafile } = await build({
  ...options,
  entryPoints: { albatross: 'src/main.ts' },
  outdir: pieces,
  splitting: true,
  plugins: [plainKeys],
  keepNames: true,
})
// That one is loaded for what it does to the globals.
for (const { entryPoint, exports } of Object.values(metafile.outputs))
  if (exports.join() === 'default' && entryPoint !== undefined && !entryPoint.includes('/reflect-metadata/'))
    throw new Error(
      `${entryPoint} is CommonJS: loaded on demand it loses its names; import them in a module of src`,
    )
await build({
  ...options,
  entryPoints: { albatross: join(pieces, 'albatross.mjs') },
  outdir: dist,
  minifyWhitespace: true,
  banner: { js: banner },
})
rmSync(pieces, { recursive: true })
writeFileSync(join(dist, 'THIRD-PARTY-NOTICES.txt'), notices(metafile))
writeFileSync(join(dist, 'sbom.cdx.json'), billOfMaterials())
for (const file of readdirSync(dist).sort())
  console.log(`${(statSync(join(dist, file)).size / 1024).toFixed(0).padStart(6)} KiB  dist/${file}`)

/** Of each package that has a file in the bundle: name, version, licence and its text. */
function notices({ inputs }: Metafile): string {
  const folders = new Set(
    Object.keys(inputs).flatMap((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
  )
  return [...folders]
    .sort()
    .map(noticeOf)
    .join(`\n${'-'.repeat(100)}\n\n`)
}

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly version: string
    readonly license?: string
  }
  if (license === undefined) throw new Error(`${relative(root, folder)}: no licence is stated`)
  const texts = readdirSync(join(root, folder))
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .sort()
    .map((file) => readFileSync(join(root, folder, file), 'utf8').trim())
  return `${[`${name} ${version} (${license})`, ...texts].join('\n\n')}\n`
}

function billOfMaterials(): string {
  const args = ['sbom', '--sbom-format=cyclonedx', '--omit=dev', '--omit=optional']
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm sbom: ${stderr}`)
  return stdout
}
