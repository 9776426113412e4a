/** A file in the form of /etc/hosts with the names of all load balancers that answer, so that clients can use those names. */
import { rename, rm, writeFile } from 'node:fs/promises'
import type { DataPlane } from './data-plane.ts'

export type HostsFile = {
  /** When the file says what is so now; rejects when it can't be written. */
  readonly written: () => Promise<void>
  /** Takes the file away. */
  readonly stop: () => Promise<void>
}

export function keepHostsFile(
  path: string,
  dataPlane: Pick<DataPlane, 'addresses' | 'onAddresses'>,
): HostsFile {
  let last: Promise<void> = Promise.resolve()
  const write = (): void => {
    // A reader sees the old file or the new one, never half of one; writes don't overtake each other.
    last = last
      .catch(() => undefined)
      .then(async () => {
        const lines = dataPlane.addresses().map(({ dnsName, host }) => `${host}\t${dnsName}\n`)
        await writeFile(`${path}.new`, lines.join(''))
        await rename(`${path}.new`, path)
      })
    last.catch(() => undefined)
  }
  const unwatch = dataPlane.onAddresses(write)
  write()
  return {
    written: () => last,
    stop: async () => {
      unwatch()
      await last.catch(() => undefined)
      await rm(path, { force: true })
    },
  }
}
