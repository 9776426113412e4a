/** Puts writes through admission webhooks. Writing is synchronous: one that must ask stops, asks, and begins again with the answer. */
import { canonical } from '../../../src/lib/json.ts'
import { copy, type Fields, fields, items, type KubeObject, newUid, number, text } from '../object.ts'
import { jsonPatch } from '../patch/json.ts'
import { ApiError } from '../status.ts'
import type { Store } from '../store.ts'
import { type Caller, createCaller, type Reach } from './call.ts'
import { hasHooks, type Hook, hooksFor, type Question } from './match.ts'

/** What is stored in place of the object; throws where a webhook refuses. */
export type Admit = (question: Question) => {
  readonly object: KubeObject
  readonly warnings: readonly string[]
}
export type Admission = {
  /** As `work` answers, in one go where no webhook is asked; as `refuse` does where one refuses. */
  run<T>(work: (admit?: Admit) => T, refuse: (error: ApiError) => T): T | Promise<T>
  close(): void
}

/** Thrown to stop a write that must ask first; no error. */
class MustAsk extends Error {
  readonly question: Question
  readonly hooks: readonly Hook[]
  constructor(question: Question, hooks: readonly Hook[]) {
    super('webhooks must be asked first')
    this.question = question
    this.hooks = hooks
  }
}
type Answer = ReturnType<Admit>

/** An object may change while its webhooks are asked; the write begins again then, as often as in a real server. */
const tries = 5

export function createAdmission(store: Store, reach: Reach): Admission {
  const caller = createCaller(store, reach)
  const again = async <T>(work: (admit?: Admit) => T, first: MustAsk): Promise<T> => {
    let asked = first
    for (let left = tries; left > 0; left -= 1) {
      const key = keyOf(asked.question)
      const answer = await ask(caller, asked)
      try {
        return work((question) => (keyOf(question) === key ? answer : admit(store, question)))
      } catch (error) {
        if (!(error instanceof MustAsk)) throw error
        asked = error
      }
    }
    throw new ApiError(409, 'Conflict', 'the object changed again and again while its webhooks were asked')
  }
  return {
    run: (work, refuse) => {
      if (!hasHooks(store)) return work()
      try {
        return work((question) => admit(store, question))
      } catch (error) {
        if (!(error instanceof MustAsk)) throw error
        return again(work, error).catch((refusal: unknown) => {
          if (refusal instanceof ApiError) return refuse(refusal)
          throw refusal
        })
      }
    },
    close: () => caller.close(),
  }
}

function admit(store: Store, question: Question): Answer {
  const hooks = hooksFor(store, question)
  if (hooks.length > 0) throw new MustAsk(question, hooks)
  return { object: question.object, warnings: [] }
}

const keyOf = ({ operation, subresource, given, old }: Question): string =>
  canonical([operation, subresource, given, old?.metadata.resourceVersion])

async function ask(caller: Caller, { question, hooks }: MustAsk): Promise<Answer> {
  let object = question.object
  const warnings: string[] = []
  for (const hook of hooks) {
    const uid = newUid()
    let response: Fields
    try {
      response = responseOf(await caller.ask(hook.webhook, reviewOf(uid, question, object, hook)), uid)
      const patch = hook.mutating && response.allowed === true ? patchOf(response) : undefined
      if (patch !== undefined) object = jsonPatch(object, patch) as KubeObject
    } catch (error) {
      if (hook.webhook.failurePolicy === 'Ignore') continue
      const why = error instanceof Error ? error.message : String(error)
      throw internal(`failed calling webhook ${JSON.stringify(hook.name)}: ${why}`)
    }
    warnings.push(...items(response.warnings).map(text))
    if (response.allowed !== true) throw denied(hook, fields(response.status))
  }
  return { object, warnings }
}

function responseOf(review: Fields, uid: string): Fields {
  const response = fields(review.response)
  if (review.kind !== 'AdmissionReview' || response.uid !== uid)
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`)
  return response
}

function patchOf({ patch, patchType }: Fields): unknown {
  if (patch === undefined) return undefined
  if (patchType !== 'JSONPatch') throw new Error(`unsupported patch type: ${text(patchType)}`)
  return JSON.parse(Buffer.from(text(patch), 'base64').toString('utf8'))
}

const internal = (message: string): ApiError =>
  new ApiError(500, 'InternalError', `Internal error occurred: ${message}`, {})

function denied({ name }: Hook, { code, reason, message }: Fields): ApiError {
  const why = text(message) || text(reason)
  const says = why === '' ? 'without explanation' : `the request: ${why}`
  return new ApiError(
    number(code) || 403,
    text(reason) || 'Forbidden',
    `admission webhook ${JSON.stringify(name)} denied ${why === '' ? 'the request ' : ''}${says}`,
    {},
  )
}

function reviewOf(uid: string, question: Question, object: KubeObject, { webhook }: Hook): Fields {
  const { operation, resource, subresource, namespace, old, dryRun } = question
  const { group, version, kind, plural } = resource
  const gvk = { group, version, kind }
  const gvr = { group, version, resource: plural }
  const known = items(webhook.admissionReviewVersions).find((one) => one === 'v1' || one === 'v1beta1')
  const options = operation === 'CREATE' ? 'CreateOptions' : 'UpdateOptions'
  return {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${text(known) || 'v1'}`,
    request: {
      uid,
      kind: gvk,
      resource: gvr,
      ...(subresource === '' ? {} : { subResource: subresource, requestSubResource: subresource }),
      requestKind: gvk,
      requestResource: gvr,
      name: object.metadata.name ?? '',
      ...(namespace === undefined ? {} : { namespace }),
      operation,
      userInfo: { username: 'local', groups: ['system:masters', 'system:authenticated'] },
      object: copy(object),
      oldObject: old === undefined ? null : copy(old),
      dryRun,
      options: { kind: options, apiVersion: 'meta.k8s.io/v1' },
    },
  }
}
