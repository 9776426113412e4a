// The files under crds/, from the schemas in src/kind. Quoted for kubectl and helm, to whom a bare `on` is true, as in YAML 1.1.
import { stringify } from 'yaml'
import { customResourceDefinitions } from '../src/kind/crd.ts'

export type GeneratedFile = { readonly path: string; readonly text: string }

export const crdFiles = (): readonly GeneratedFile[] =>
  customResourceDefinitions().map((definition) => {
    const [plural, ...group] = definition.metadata.name.split('.')
    return {
      path: `crds/${group.join('.')}_${plural}.yaml`,
      text: `# Generated from src/kind by \`npm run generate\`.\n${stringify(definition, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' })}`,
    }
  })
