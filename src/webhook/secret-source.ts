/** The webhooks' own certificates in a Secret that all replicas share: whoever finds them due renews them, and who comes second takes those. */
import { X509Certificate } from 'node:crypto'
import type { Kube } from '../kube/client.ts'
import { describeError, isAlreadyExists, isConflict, isNotFound, type KubeError } from '../kube/error.ts'
import { secrets, type SecretObject } from '../kube/resource.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import { type Made, makeAuthority, makeCertificate } from './authority.ts'
import { due, leafOf, living, type Material, readMaterial, type Times } from './material.ts'

export type Source = {
  /** What is to be served now; the error says what is wrong, and with what. */
  read(): Promise<Result<Material, string>>
}
export type SecretOptions = {
  readonly kube: Pick<Kube, 'get' | 'create' | 'update'>
  readonly namespace: string
  readonly name: string
  /** What the certificate answers to. */
  readonly names: readonly [string, ...string[]]
  readonly times: Times
}

/** Another replica may be a moment faster, each time. */
const tries = 5

export function secretSource(options: SecretOptions): Source {
  const { kube, namespace, name } = options
  let last: Material | undefined
  const where = `Secret ${namespace}/${name}`
  const once = async (): Promise<Result<Material, string> | 'again'> => {
    const got = await kube.get(secrets, { namespace, name })
    if (!got.ok && !isNotFound(got.error)) return refused('read', where, got.error)
    const found = got.ok ? got.value : undefined
    // One that was deleted is written back: what the others serve stays trusted.
    const read = found === undefined ? ok(last) : materialOf(found, where)
    if (!read.ok) return read
    const next = await renewed(read.value, options)
    if (next === read.value && found !== undefined) return ok(next)
    const written = await write(options, next, found)
    if (written.ok) return ok(next)
    const late = isConflict(written.error) || isAlreadyExists(written.error)
    return late ? 'again' : refused('write', where, written.error)
  }
  return {
    read: async () => {
      for (let left = tries; left > 0; left -= 1) {
        const result = await once()
        if (result === 'again') continue
        if (result.ok) last = result.value
        return result
      }
      return fail(`${where} changes faster than it can be written`)
    },
  }
}

const refused = (what: string, where: string, error: KubeError): Result<never, string> =>
  fail(`${where} can't be ${what === 'read' ? 'read' : 'written'}: ${describeError(error)}`)

/** What is served now, with what is due made anew. */
async function renewed(given: Material | undefined, options: SecretOptions): Promise<Material> {
  const now = given ?? (await first(options))
  const what = (material: Material) => due(material, options.names, Date.now(), options.times)
  // An authority may be due, and then at once what it signs.
  const trusted = what(now) === 'authority' ? await withAuthority(now, options) : now
  return what(trusted) === 'certificate' ? await withCertificate(trusted, options) : trusted
}

const termOf = ({ skewMs }: Times, lastsMs: number): { readonly from: Date; readonly to: Date } => ({
  from: new Date(Date.now() - skewMs),
  to: new Date(Date.now() + lastsMs),
})
const newAuthority = ({ name, times }: SecretOptions): Promise<Made> =>
  makeAuthority(`${name} authority`, termOf(times, times.authorityMs))

async function first(options: SecretOptions): Promise<Material> {
  const { names, times } = options
  const authority = await newAuthority(options)
  const leaf = await makeCertificate(authority, names, termOf(times, times.certificateMs))
  return { ...leaf, authorities: [authority.certificate], authorityKey: authority.key }
}

async function withAuthority(material: Material, options: SecretOptions): Promise<Material> {
  const authority = await newAuthority(options)
  const authorities = [authority.certificate, ...living(material.authorities, Date.now())]
  return { ...material, authorities, authorityKey: authority.key }
}

async function withCertificate(material: Material, { names, times }: SecretOptions): Promise<Material> {
  const [certificate] = material.authorities
  if (certificate === undefined || material.authorityKey === undefined) return material
  const authority = { certificate, key: material.authorityKey }
  const all = [...names, ...alsoNamed(material, names)] as const
  const leaf = await makeCertificate(authority, all, termOf(times, times.certificateMs))
  return { ...material, ...leaf, authorities: living(material.authorities, Date.now()) }
}

/** Replicas of two roll-outs may want other names: the certificate that both share has all of them, while one of them is missing. */
function alsoNamed(material: Material, names: readonly string[]): readonly string[] {
  if (names.every((name) => leafOf(material).covers(name))) return []
  const { subjectAltName = '' } = new X509Certificate(material.certificate)
  return subjectAltName
    .split(', ')
    .map((one) => one.replace(/^(DNS|IP Address):/, ''))
    .filter((one) => one !== '' && !names.includes(one))
}

const decoded = (data: SecretObject['data'], key: string): string | undefined => {
  const value = data?.[key]
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8')
}

function materialOf({ data }: SecretObject, where: string): Result<Material, string> {
  const written = {
    certificate: decoded(data, 'tls.crt'),
    key: decoded(data, 'tls.key'),
    authorities: decoded(data, 'ca.crt'),
    authorityKey: decoded(data, 'ca.key'),
  }
  const places = { certificate: 'tls.crt', key: 'tls.key', authorities: 'ca.crt' }
  const read = readMaterial(written, places)
  return read.ok ? read : fail(`${where}: ${read.error}; delete the Secret, and another one is made`)
}

function write(
  { kube, namespace, name }: SecretOptions,
  { certificate, key, authorities, authorityKey }: Material,
  found: SecretObject | undefined,
): ReturnType<typeof kube.update<SecretObject>> {
  const encoded = {
    'ca.crt': authorities.join(''),
    ...(authorityKey === undefined ? {} : { 'ca.key': authorityKey.reveal() }),
    'tls.crt': certificate,
    'tls.key': key.reveal(),
  }
  const data = Object.fromEntries(
    Object.entries(encoded).map(([field, text]) => [field, Buffer.from(text).toString('base64')]),
  )
  if (found !== undefined) return kube.update(secrets, { ...found, data: { ...found.data, ...data } })
  const labels = { 'app.kubernetes.io/managed-by': 'albatross' }
  return kube.create(secrets, { metadata: { namespace, name, labels }, type: 'kubernetes.io/tls', data })
}
