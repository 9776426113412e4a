/** The Secrets that somebody references, each followed by a list and watch of its own: those of a cluster are many, and not our business. */
import type { Kube } from '../kube/client.ts'
import type { KubeError } from '../kube/error.ts'
import { oidcSecrets as resource } from '../kube/resource.ts'
import type { OidcSecret } from '../model/cluster.ts'
import type { SecretFact } from '../model/oidc-secret.ts'
import { pause } from './pause.ts'
import { type Reflector, startReflector } from './reflector.ts'
import { createStore, type Store } from './store.ts'
import { slimSecret } from './transform.ts'

export type Secrets = {
  /**
   * What is known of all that a stack references, these included (`<namespace>/<name>`), after a first look at each.
   * What is missing here can't be asked now.
   */
  read(stack: string, keys: readonly string[]): Promise<ReadonlyMap<string, SecretFact>>
  /** As last heard of. */
  get(key: string): SecretFact | undefined
  /** All that a stack references from now on; what none does is followed no more. */
  use(stack: string, keys: readonly string[]): void
  close(): Promise<void>
}
export type SecretsOptions = {
  readonly kube: Kube
  /** The stacks that reference one that changed. */
  readonly onChange: (stacks: readonly string[]) => void
  readonly onError?: (secret: string, error: KubeError) => void
}

type Followed = {
  readonly reflector: Reflector
  readonly store: Store<OidcSecret>
  /** After the first answer, whatever it was. */
  readonly first: Promise<void>
  heard: boolean
  /** It was missing at the first look. */
  late: boolean
  /** The last answer, while there is no content. */
  error?: KubeError
  /** The resourceVersion with which the content came; a change of labels alone changes it not. */
  seen?: { readonly fingerprint: string; readonly version: string }
}

export function createSecrets(options: SecretsOptions): Secrets {
  const followed = new Map<string, Followed>()
  const users = new Map<string, ReadonlySet<string>>()
  const stacksOf = (key: string): readonly string[] =>
    [...users].flatMap(([stack, keys]) => (keys.has(key) ? [stack] : []))
  const ending = new Set<Promise<void>>()
  const drop = (key: string): void => {
    const stopped = followed.get(key)?.reflector.stop()
    followed.delete(key)
    if (!stopped) return
    ending.add(stopped)
    void stopped.finally(() => ending.delete(stopped))
  }
  const start = (key: string): Followed => {
    const known = followed.get(key) ?? follow(key, options, () => options.onChange(stacksOf(key)))
    followed.set(key, known)
    return known
  }
  const get = (key: string): SecretFact | undefined => {
    const one = followed.get(key)
    return one && factOf(key, one)
  }
  return {
    get,
    read: async (stack, more) => {
      const keys = new Set([...(users.get(stack) ?? []), ...more])
      if (keys.size > 0) users.set(stack, keys)
      await firstOf([...keys].map((key) => start(key).first))
      return new Map(
        [...keys].flatMap((key) => {
          const fact = get(key)
          return fact === undefined ? [] : [[key, fact]]
        }),
      )
    },
    use: (stack, keys) => {
      if (keys.length > 0) users.set(stack, new Set(keys))
      else users.delete(stack)
      const wanted = new Set([...users.values()].flatMap((some) => [...some]))
      for (const key of followed.keys()) if (!wanted.has(key)) drop(key)
    },
    close: async () => {
      for (const key of followed.keys()) drop(key)
      await Promise.all(ending)
    },
  }
}

/** An API server that answers slowly keeps nobody's worker: the next pass finds what came in the meantime. */
const patienceMs = 3_000

async function firstOf(answers: readonly Promise<void>[]): Promise<void> {
  const enough = new AbortController()
  const all = Promise.all(answers).finally(() => enough.abort())
  await Promise.race([all, pause(patienceMs, enough.signal)])
}

function follow(key: string, { kube, onError }: SecretsOptions, onChange: () => void): Followed {
  const [namespace = '', name = ''] = key.split('/')
  const store = createStore<OidcSecret>({}, () => undefined)
  const answered = Promise.withResolvers<void>()
  const one: Followed = {
    store,
    first: answered.promise,
    reflector: startReflector({
      kube,
      resource,
      store,
      transform: slimSecret,
      only: { namespace, fieldSelector: `metadata.name=${name}` },
      onError: (error) => {
        if (one.error?.status === error.status) return
        one.error = error
        onError?.(key, error)
        if (one.heard) onChange()
        one.heard = true
        answered.resolve()
      },
    }),
    heard: false,
    late: false,
  }
  // Whoever asked first waits for the answer: only what comes later is news.
  store.onChange(() => {
    if (one.heard) onChange()
  })
  void one.reflector.synced.then(() => {
    delete one.error
    if (one.heard) onChange()
    one.heard = true
    answered.resolve()
  })
  return one
}

function factOf(key: string, one: Followed): SecretFact | undefined {
  const object = one.store.get(key)
  if (object) {
    const { fingerprint, metadata } = object
    if (one.seen?.fingerprint !== fingerprint)
      one.seen = { fingerprint, version: metadata.resourceVersion ?? '' }
    return { found: true, object, version: one.seen.version, ...(one.late ? { late: true } : {}) }
  }
  if (one.reflector.state().synced) {
    one.late ||= one.seen === undefined
    return { found: false }
  }
  return one.error?.status === 403 ? { found: 'denied', message: one.error.message } : undefined
}
