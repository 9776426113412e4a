/** What makes caches stale: reads that AWS answers from a moment ago, and watches that tell nothing for a while. */
import type { Handle, HttpResponse } from '../../../src/lib/http.ts'
import type { NetworkScene } from './scene.ts'

const passing = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const staleMs = 3_000
const staleReads = /Action=Describe(SecurityGroups|Instances|NetworkInterfaces)/

export function bendWires({ world, wires }: NetworkScene): void {
  world.wires = {
    aws: late(world.cloud.handle, () => Date.now() < wires.staleUntil),
    kube: stalling(world.api.handle, (path) =>
      Math.max(0, ...[...wires.stalledUntil].map(([of, until]) => (path.includes(of) ? until : 0))),
    ),
  }
}

/** While `isStale`, a read gets the answer that the same read would have had a few seconds ago, if one is known. */
function late(handle: Handle, isStale: () => boolean): Handle {
  const answers = new Map<string, { readonly at: number; readonly answer: HttpResponse }>()
  return async (request) => {
    const body = String(request.body)
    if (!staleReads.test(body)) return handle(request)
    const known = answers.get(body)
    if (known !== undefined && isStale() && Date.now() - known.at < staleMs) return known.answer
    const answer = await handle(request)
    if (answer.status === 200) answers.set(body, { at: Date.now(), answer })
    return answer
  }
}

/** `stalledUntil`: when the watch of this path may go on. */
function stalling(handle: Handle, stalledUntil: (path: string) => number): Handle {
  return async (request) => {
    const answer = await handle(request)
    const { body } = answer
    if (!/[?&]watch=/.test(request.path) || typeof body === 'string' || body instanceof Uint8Array)
      return answer
    return { ...answer, body: stalled(body, () => stalledUntil(request.path)) }
  }
}

async function* stalled(body: AsyncIterable<Uint8Array>, until: () => number): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    while (Date.now() < until()) await passing(until() - Date.now())
    yield chunk
  }
}
