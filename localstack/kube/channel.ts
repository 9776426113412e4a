/** A body that is written while it is read: chunks are handed on at once, in order, until either side ends it. */
export type Channel = {
  readonly push: (line: string) => void
  /** With an error, the reader fails after what was pushed before. */
  readonly end: (error?: Error) => void
  readonly onEnd: (listener: () => void) => void
  readonly chunks: AsyncIterable<Uint8Array>
}

const encoder = new TextEncoder()

type Waiting = {
  readonly resolve: (result: IteratorResult<Uint8Array>) => void
  readonly reject: (error: Error) => void
}

export function createChannel(): Channel {
  const backlog: Uint8Array[] = []
  const listeners: (() => void)[] = []
  let waiting: Waiting | undefined
  let ended = false
  let failure: Error | undefined

  const finish = (reader: Waiting): void => {
    const error = failure
    failure = undefined
    if (error === undefined) reader.resolve({ done: true, value: undefined })
    else reader.reject(error)
  }
  const end = (error?: Error): void => {
    if (ended) return
    ended = true
    failure = error
    const reader = waiting
    waiting = undefined
    if (reader !== undefined) finish(reader)
    for (const listener of listeners) listener()
  }
  const push = (line: string): void => {
    if (ended) return
    const chunk = encoder.encode(line)
    const reader = waiting
    waiting = undefined
    if (reader === undefined) backlog.push(chunk)
    else reader.resolve({ done: false, value: chunk })
  }
  const next = (): Promise<IteratorResult<Uint8Array>> => {
    const chunk = backlog.shift()
    if (chunk !== undefined) return Promise.resolve({ done: false, value: chunk })
    return new Promise((resolve, reject) => {
      if (ended) finish({ resolve, reject })
      else waiting = { resolve, reject }
    })
  }
  return {
    push,
    end,
    onEnd: (listener) => listeners.push(listener),
    chunks: {
      [Symbol.asyncIterator]: () => ({
        next,
        return: () => {
          end()
          return Promise.resolve({ done: true, value: undefined })
        },
      }),
    },
  }
}
