// The files under policy/: ValidatingAdmissionPolicies and their bindings, ready for `kubectl apply` or a chart.
import { stringify } from 'yaml'
import type { GeneratedFile } from './crds.ts'
import { annotationPolicies } from './policy/annotations.ts'
import { classParamsPolicies } from './policy/class-params.ts'
import { forbidding } from './policy/forbid.ts'

export const policyFiles = (): readonly GeneratedFile[] =>
  Object.entries({
    annotations: annotationPolicies(),
    ingressclassparams: classParamsPolicies(),
    ...forbidding(),
  }).map(([name, objects]) => ({ path: `policy/${name}.yaml`, text: text(objects) }))

const text = (objects: readonly object[]): string =>
  [
    '# Generated from src/annotation and scripts/policy by `npm run generate`.\n',
    objects
      .map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' }))
      .join('---\n'),
  ].join('')
