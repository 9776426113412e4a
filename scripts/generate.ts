// Writes everything that is generated; with --check writes nothing and exits 1 when something is stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { crdFiles, definitionMarkFile, type GeneratedFile } from './crds.ts'
import { annotationsTable } from './docs/annotations.ts'
import { contractPage } from './docs/contract.ts'
import { flagsPage } from './docs/flags.ts'
import { iamFiles } from './iam.ts'
import { monitoringFiles } from './monitoring.ts'
import { rbacFiles } from './rbac.ts'
import { metricsPage } from './docs/metrics.ts'
import { argoCdConfig } from './docs/argo-cd.ts'
import { problemsPage } from './docs/problems.ts'
import { takeoverPage } from './docs/takeover.ts'
import { policyFiles } from './policy.ts'

const root = join(import.meta.dirname, '..')
const check = process.argv.includes('--check')

/** A document with generated parts is one more function here. */
const pages: readonly GeneratedFile[] = [
  { path: 'docs/annotations.md', text: annotationsTable() },
  { path: 'docs/contract.md', text: contractPage() },
  { path: 'docs/flags.md', text: flagsPage() },
  { path: 'docs/metrics.md', text: metricsPage() },
  { path: 'docs/argo-cd/argocd-cm.yaml', text: argoCdConfig() },
  { path: 'docs/problems.md', text: problemsPage() },
  { path: 'docs/takeover.md', text: takeoverPage() },
]
const crds = crdFiles()
const chart = crds.map(({ path, text }) => ({ path: path.replace('crds/', 'chart/crds/'), text }))
const files = [
  ...crds,
  definitionMarkFile(),
  ...chart,
  ...rbacFiles(),
  ...iamFiles(),
  ...monitoringFiles(),
  ...policyFiles(),
  ...policyFiles().map(({ path, text }) => ({ path: `chart/files/${path}`, text })),
  ...pages,
]

const stale = files.filter(({ path, text }) => {
  const file = join(root, path)
  return !existsSync(file) || readFileSync(file, 'utf8') !== text
})
for (const { path, text } of stale) {
  console.log(check ? `${path} is stale: run \`npm run generate\`` : `wrote ${path}`)
  if (check) continue
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
process.exitCode = check && stale.length > 0 ? 1 : 0
