/** Addresses of the VPC on this machine: a pod's IP and port, and a load balancer's, become loopback addresses. */
export type Address = { readonly host: string; readonly port: number }

export type Network = {
  /** Where something that has `ip` in the VPC must listen to be reached at `port`. */
  place(ip: string, port: number): Promise<Address>
  /** Where `ip:port` of the VPC is reached; a connection there is refused when nobody listens. */
  reach(ip: string, port: number): Address
  /** An address of its own for a load balancer, the same for the same name while it lives. */
  loadBalancerHost(name: string): string
  /** Where a listener must bind: its real port where the process may, else 0 (a free one). */
  listenerPort(host: string, port: number): Promise<number>
}
