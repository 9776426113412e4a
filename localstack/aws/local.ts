/** The local AWS's own interface: `/_local/journal`, `/_local/state`, `/_local/fault`, `/_local/object`, `/_local/reset`. */
import type { Handle, HttpRequest, HttpResponse } from '../../src/lib/http.ts'
import type { Cloud } from './cloud.ts'
import { injectedFault } from './injected.ts'
import { Fault } from './service.ts'

export function createLocal(cloud: Cloud): Handle {
  const routes: Readonly<Record<string, (request: HttpRequest, query: URLSearchParams) => HttpResponse>> = {
    'GET /_local/journal': (_request, query) =>
      json(200, JSON.stringify(cloud.journal.since(Number(query.get('since') ?? 0)))),
    'DELETE /_local/journal': () => {
      cloud.journal.clear()
      return done
    },
    'POST /_local/journal/clear': () => {
      cloud.journal.clear()
      return done
    },
    'GET /_local/state': (_request, query) => json(200, cloud.state(chosen(cloud, query))),
    'POST /_local/fault': (request) => {
      cloud.fault(injectedFault(parsed(request)))
      return done
    },
    'POST /_local/object': (request, query) => {
      const { bucket, key, body } = parsed(request) as Record<string, unknown>
      if (typeof bucket !== 'string' || typeof key !== 'string' || typeof body !== 'string')
        throw new Fault('ValidationError', 'the body must be {"bucket", "key", "body"}, all texts')
      for (const account of chosen(cloud, query)) account.objects.set(`${bucket}/${key}`, body)
      return done
    },
    'POST /_local/reset': () => {
      cloud.reset()
      return done
    },
  }
  return async (request) => {
    const [path = '', query = ''] = request.path.split('?')
    const route = routes[`${request.method} ${path}`]
    if (!route)
      return json(
        404,
        JSON.stringify({ message: `no such path; there are: ${Object.keys(routes).join(', ')}` }),
      )
    try {
      return route(request, new URLSearchParams(query))
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      return json(error.status, JSON.stringify({ message: error.message }))
    }
  }
}

/** `?account=…&region=…` narrow it; the default is everything stored. */
function chosen(cloud: Cloud, query: URLSearchParams): ReturnType<Cloud['accounts']> {
  const id = query.get('account')
  const region = query.get('region')
  return cloud
    .accounts()
    .filter((account) => (id ?? account.id) === account.id && (region ?? account.region) === account.region)
}

function parsed(request: HttpRequest): unknown {
  const text = typeof request.body === 'string' ? request.body : Buffer.from(request.body).toString('utf8')
  try {
    return JSON.parse(text)
  } catch {
    throw new Fault('ValidationError', 'the body is not JSON')
  }
}

function json(status: number, body: string): HttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body }
}
const done = json(200, '{}')
