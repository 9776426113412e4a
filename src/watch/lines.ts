/** Splits a byte stream into lines, each once and whole, however the chunks fall. */
const newline = 0x0a
/** An object of etcd is at most a few megabytes; a line without end is no watch event. */
const longest = 64 * 1024 * 1024

export type LineSplitter = { push(chunk: Uint8Array, onLine: (line: string) => void): void }

export function lineSplitter(): LineSplitter {
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  return {
    push: (chunk, onLine) => {
      let from = 0
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
        const part = chunk.subarray(from, end)
        from = end + 1
        const whole = pending.length
          ? Buffer.concat([...pending, part])
          : Buffer.from(part.buffer, part.byteOffset, part.length)
        pending = []
        pendingBytes = 0
        if (whole.length > 0) onLine(whole.toString('utf8'))
      }
      if (from === chunk.length) return
      const rest = chunk.subarray(from)
      pending.push(rest)
      pendingBytes += rest.length
      if (pendingBytes > longest) throw new Error(`a line of more than ${longest} bytes`)
    },
  }
}
