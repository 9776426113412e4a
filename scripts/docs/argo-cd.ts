/** docs/argo-cd/argocd-cm.yaml: the health checks of our kinds as Argo CD's ConfigMap takes them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../../docs/argo-cd')
const checks = { IngressReport: 'ingress-report.lua', IngressGroup: 'ingress-group.lua' } as const

const indented = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : `    ${line}`))
    .join('\n')

export const argoCdConfig = (): string =>
  [
    '# Generated from the .lua files beside it by `npm run generate`.',
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata:',
    '  name: argocd-cm',
    '  namespace: argocd',
    'data:',
    ...Object.entries(checks).map(
      ([kind, file]) =>
        `  resource.customizations.health.albatross.dev_${kind}: |\n${indented(readFileSync(join(folder, file), 'utf8'))}`,
    ),
    '',
  ].join('\n')
