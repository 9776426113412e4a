/** Whose a write in the local AWS's journal is: the stack of a group, or the network. */
import type { Account } from '../localstack/aws/account.ts'
import type { JournalEntry } from '../localstack/aws/journal.ts'

export type Owners = {
  /** Remembers whose resources there are now: once deleted they have no tags. */
  learn(): void
  /** `unknown: ...` where nothing says so. */
  of(entry: JournalEntry): string
}

export function ownersIn(account: Account): Owners {
  const stacks = new Map<string, string>()
  return {
    learn: () => {
      for (const [arn, tags] of account.tags) {
        const stack = tags.get('ingress.k8s.aws/stack')
        if (stack !== undefined) stacks.set(arn, stack)
        // Of nodes and pods, and the shared one.
        else if (arn.startsWith('sg-')) stacks.set(arn, 'network')
      }
    },
    of: ({ action, input }) => {
      if (/egisterTargets/.test(action)) return 'network'
      const { GroupId } = input as { GroupId?: string }
      if (GroupId !== undefined) return stacks.get(GroupId) ?? `unknown: ${GroupId}`
      const text = JSON.stringify(input)
      const tagged = /"Key":"ingress\.k8s\.aws\/stack","Value":"([^"]+)"/.exec(text)?.[1]
      if (tagged !== undefined) return tagged
      if (text.includes('backend-sg')) return 'network'
      const plain = text.replace(/(?:listener-rule|listener)\//, 'loadbalancer/')
      const [balancer] = /loadbalancer\/app\/[\w-]+\/\w+/.exec(plain) ?? []
      const [targets] = /targetgroup\/[\w-]+\/\w+/.exec(text) ?? []
      const arn = [...stacks.keys()].find((known) => known.endsWith(balancer ?? targets ?? 'nothing'))
      return stacks.get(arn ?? '') ?? `unknown: ${text}`
    },
  }
}
