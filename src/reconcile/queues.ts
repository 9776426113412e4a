/** Two queues that look like one: groups that wait for AWS never take a worker from those that follow pods. */
import type { Queue } from '../watch/queue.ts'
import { readKey } from './key.ts'

export function joinQueues(groups: Queue, targets: Queue): Queue {
  const both = [groups, targets]
  const of = (key: string): Queue => {
    const { loop } = readKey(key)
    return loop === 'targets' || loop === 'endpoint-sg' ? targets : groups
  }
  const isBusy = (queue: Queue): boolean => {
    const { ready, running } = queue.stats()
    return ready + running > 0
  }
  const sum = (pick: (stats: ReturnType<Queue['stats']>) => number): number =>
    both.reduce((total, queue) => total + pick(queue.stats()), 0)
  return {
    add: (key, priority, afterMs) => of(key).add(key, priority, afterMs),
    forget: (key) => of(key).forget(key),
    stats: () => ({
      ready: sum(({ ready }) => ready),
      running: sum(({ running }) => running),
      delayed: sum(({ delayed }) => delayed),
      longestWaitMs: Math.max(...both.map((queue) => queue.stats().longestWaitMs)),
      passes: sum(({ passes }) => passes),
      thrown: sum(({ thrown }) => thrown),
    }),
    // What one of them does may give the other something to do.
    idle: async () => {
      do await Promise.all(both.map((queue) => queue.idle()))
      while (both.some(isBusy))
    },
    stop: async (drainMs) => {
      await Promise.all(both.map((queue) => queue.stop(drainMs)))
    },
  }
}
