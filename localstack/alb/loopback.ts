/**
 * The VPC on this machine. Where the system answers on all of 127.0.0.0/8 (Linux), `a.b.c.d` is `127.b.c.d` and ports are
 * real; where it has 127.0.0.1 alone (macOS), everything is a free port there, found through a table of this process.
 */
import { createServer } from 'node:net'
import { sha256 } from '../../src/lib/hash.ts'
import type { Address, Network } from './network.ts'

const only = '127.0.0.1'
/** Load balancers live in 127.77.0.0/16, which is kept from what the VPC maps to. */
const loadBalancerBlock = 77
/** Nobody listens on tcpmux: a connection there is refused. */
const refusing: Address = { host: only, port: 1 }
/** Below every system's ephemeral ports, so that no outgoing connection takes what was promised. */
const firstFree = 20_000
const freePorts = 9_000
/** One count for all VPCs of this process: what was promised in one, and is free for a moment, is not given in another. */
let next = process.pid % freePorts

/** `ALBATROSS_LOOPBACK=single` forces what a system without further loopback addresses gets. */
export async function createLoopback(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Network> {
  const forced = environment['ALBATROSS_LOOPBACK'] === 'single'
  return loopback(!forced && (await mayBind(`127.${loadBalancerBlock}.255.254`, 0)) ? 'many' : 'single')
}

function mayBind(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)))
  })
}

/** The direct image of an address, unless that is where load balancers live or the machine itself is. */
function imageOf(ip: string): string | undefined {
  const [, b, c, d] = /^\d+\.(\d+)\.(\d+)\.(\d+)$/.exec(ip) ?? []
  if (b === undefined || Number(b) === loadBalancerBlock) return undefined
  const image = `127.${b}.${c}.${d}`
  return image === only ? undefined : image
}

export function loopback(mode: 'many' | 'single'): Network {
  const placed = new Map<string, Address>()
  /** Which VPC address an image stands for: two VPC addresses may have the same. */
  const owners = new Map<string, string>()
  const hosts = new Map<string, string>()
  const freePort = async (host: string): Promise<number> => {
    for (let tries = 0; tries < freePorts; tries += 1) {
      const port = firstFree + (next++ % freePorts)
      if (await mayBind(host, port)) return port
    }
    throw new Error(`no free port on ${host}`)
  }
  const hostOf = (ip: string): string => {
    const image = mode === 'many' ? imageOf(ip) : undefined
    if (image === undefined || (owners.get(image) ?? ip) !== ip) return only
    owners.set(image, ip)
    return image
  }
  return {
    async place(ip, port) {
      const before = placed.get(`${ip}:${port}`)
      if (before && (await mayBind(before.host, before.port))) return before
      const host = hostOf(ip)
      const real = host !== only && (await mayBind(host, port))
      const address = { host, port: real ? port : await freePort(host) }
      placed.set(`${ip}:${port}`, address)
      return address
    },
    reach(ip, port) {
      const known = placed.get(`${ip}:${port}`)
      if (known) return known
      const host = hostOf(ip)
      return host === only ? refusing : { host, port }
    },
    loadBalancerHost(name) {
      if (mode === 'single') return only
      const known = hosts.get(name)
      if (known) return known
      const taken = new Set(hosts.values())
      const start = Number.parseInt(sha256(name).slice(0, 4), 16)
      for (let step = 0; step < 0x10000; step += 1) {
        const at = (start + step) & 0xffff
        const host = `127.${loadBalancerBlock}.${at >> 8}.${at & 0xff}`
        if (taken.has(host) || (at & 0xff) === 0 || (at & 0xff) === 255) continue
        hosts.set(name, host)
        return host
      }
      return only
    },
    async listenerPort(host, port) {
      return host !== only && (await mayBind(host, port)) ? port : 0
    },
  }
}
