/** Temporary credentials: whom they were issued to, and until when each is good. Keys that were never issued here are good for ever. */
import type { Ids, Service } from './service.ts'
import { Fault } from './service.ts'

export type TemporaryCredentials = {
  readonly AccessKeyId: string
  readonly SecretAccessKey: string
  readonly SessionToken: string
  readonly Expiration: Date
}

export class Sessions {
  readonly #until = new Map<string, number>()
  readonly #ids: Ids
  readonly #now: () => number

  constructor(ids: Ids, now: () => number) {
    this.#ids = ids
    this.#now = now
  }

  issue(account: string, seconds: number): TemporaryCredentials {
    const issued = {
      AccessKeyId: `ASIA${account}${this.#ids.hex('accesskey', 4).toUpperCase()}`,
      SecretAccessKey: this.#ids.hex('secret', 40),
      SessionToken: this.#ids.hex('session', 64),
      Expiration: new Date(this.#now() + seconds * 1000),
    }
    this.#until.set(issued.AccessKeyId, issued.Expiration.getTime())
    return issued
  }

  /** All that were issued are refused from now on, whatever they say of themselves. */
  expireAll(): void {
    for (const key of this.#until.keys()) this.#until.set(key, 0)
  }

  /** In the words of the service, as AWS refuses them. */
  check(accessKey: string, service: Service): void {
    const until = this.#until.get(accessKey)
    if (until === undefined || until > this.#now()) return
    if (service.signingName === 'ec2') throw new Fault('RequestExpired', 'Request has expired.')
    const code = service.protocol === 'json' ? 'ExpiredTokenException' : 'ExpiredToken'
    throw new Fault(code, 'The security token included in the request is expired', 403)
  }
}
