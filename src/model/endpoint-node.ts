/** Targets of type instance: the nodes of the cluster, at the Service's node port. */
import type { Endpoints, Node, ServicePort, TargetGroupBinding } from './cluster.ts'
import type { Found, TargetSource, Why } from './endpoint.ts'
import { chosenNodes, eligibleNodes, usableNodes } from './node.ts'
import type { Settings } from './settings.ts'

export function nodeTargets(
  binding: TargetGroupBinding,
  { service, nodes }: Endpoints,
  settings: Settings,
  { nodePort }: ServicePort,
): Found | Why {
  const type = service?.spec.type
  const name = `${binding.metadata.namespace}/${binding.spec.serviceRef.name}`
  if ((type !== 'NodePort' && type !== 'LoadBalancer') || !nodePort)
    return {
      kind: 'ServiceUnusable',
      field: 'spec.serviceRef',
      message: `service type must be either 'NodePort' or 'LoadBalancer': ${name}`,
      remedy: `Make Service ${name} of type NodePort, or use targets of type ip.`,
    }
  const chosen = chosenNodes(nodes, binding.spec.nodeSelector)
  const eligible = eligibleNodes(chosen)
  const usable = usableNodes(eligible, settings.featureGates.EndpointsFailOpen)
  const used = new Set(usable)
  const at = (some: readonly Node[]): TargetSource[] =>
    some.flatMap((node) => {
      const id = /i-[0-9a-f]+$/.exec(node.spec.providerID ?? '')?.[0]
      return id === undefined ? [] : [{ target: { id, port: nodePort }, node }]
    })
  return {
    sources: at(usable),
    pending: [],
    leaving: at(nodes.filter((node) => !used.has(node))).map(({ target }) => target),
    unsure: [],
    // Nodes that are all silent, sick or about to go are no reason to send nobody anything: they serve while they can.
    emptyObeyed: nodes.length > 0 && chosen.length === 0,
  }
}
