/** A server without sockets: what the local AWS and the local cluster are, and what the Kubernetes transport talks to. */
export type HttpRequest = {
  readonly method: string
  /** Path with query, as on the request line. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  /** Aborted when the client goes away or gives up. */
  readonly signal?: AbortSignal
}

export type HttpResponse = {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** A stream is a watch: it ends when either side ends it. */
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>
}

export type Handle = (request: HttpRequest) => Promise<HttpResponse>
