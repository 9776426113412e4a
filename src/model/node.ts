/** Which nodes may be targets of type instance (`albc-model` 11.8). */
import type { Node } from './cluster.ts'
import { type LabelSelector, matchesSelector } from '../lib/selector.ts'

const excluding = [
  'node-role.kubernetes.io/master',
  'node.kubernetes.io/exclude-from-external-load-balancers',
  'alpha.service-controller.kubernetes.io/exclude-balancer',
]

/** Those that are meant to be targets, ready or not. */
export const chosenNodes = (nodes: readonly Node[], selector: LabelSelector | undefined): readonly Node[] =>
  nodes.filter((node) => !isExcluded(node) && matchesSelector(selector ?? {}, node.metadata.labels ?? {}))

/** Without those that are about to be taken away. */
export const eligibleNodes = (chosen: readonly Node[]): readonly Node[] => chosen.filter(isStaying)

/** Ready ones; where there is none and failOpen is on, those of which nothing is heard. */
export function usableNodes(eligible: readonly Node[], failOpen: boolean): readonly Node[] {
  const ready = eligible.filter((node) => readiness(node) === 'True')
  return ready.length === 0 && failOpen ? eligible.filter((node) => readiness(node) === 'Unknown') : ready
}

const readiness = (node: Node): string | undefined =>
  node.status?.conditions?.find(({ type }) => type === 'Ready')?.status

function isExcluded({ metadata: { labels = {} } }: Node): boolean {
  return excluding.some((label) => label in labels) || labels['eks.amazonaws.com/compute-type'] === 'fargate'
}

const isStaying = ({ spec }: Node): boolean =>
  !(spec.taints ?? []).some(
    ({ key, effect }) =>
      key === 'ToBeDeletedByClusterAutoscaler' ||
      (key === 'karpenter.sh/disrupted' && effect === 'NoSchedule'),
  )
