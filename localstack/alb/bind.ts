/** Where a listener's server listens on this machine. */
import type { AddressInfo, Server } from 'node:net'
import type { Address, Network } from './network.ts'
import type { LoadBalancerEntry } from './table.ts'

type Place = { readonly port: number; readonly loadBalancer: Pick<LoadBalancerEntry, 'dnsName'> }

/** Its real port on an address of the load balancer's own, or a free one where that can't be had. */
export async function bind(
  network: Network,
  server: Server,
  { port, loadBalancer }: Place,
): Promise<Address> {
  const host = network.loadBalancerHost(loadBalancer.dnsName)
  const free = await network.listenerPort(host, port)
  const at = (wanted: number): Promise<Address> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(wanted, host, () => {
        server.off('error', reject)
        server.on('error', () => undefined)
        resolve({ host, port: (server.address() as AddressInfo).port })
      })
    })
  return at(free).catch((error: unknown) => {
    // Somebody else was faster between the look and the call.
    if (free === 0) throw error
    return at(0)
  })
}
