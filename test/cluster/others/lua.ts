/** A health check as Argo CD runs it: gopher-lua, the object as global `obj`, and none of the libraries that reach outside. */
import { program } from './program.ts'
import { good, run } from './run.ts'

export type Health = { readonly status: string; readonly message: string }

/** Argo CD opens package, base, table and string, and a part of os that we don't use. */
const closed = ['io', 'os', 'debug', 'coroutine', 'channel', 'math'].map((name) => `${name} = nil`).join('\n')

export async function healthOf(script: string, object: unknown): Promise<Health> {
  const [health] = await healthsOf(script, [object])
  if (health === undefined) throw new Error('the health check told nothing')
  return health
}

/** Of each, by one run. */
export async function healthsOf(script: string, objects: readonly unknown[]): Promise<readonly Health[]> {
  const chunk = [
    closed,
    `local function check()\n${script}\nend`,
    `for _, object in ipairs(${literal(objects)}) do`,
    'obj = object',
    'local health = check()',
    // Parted by what no message holds.
    'print(health.status .. "\\0" .. (health.message or "") .. "\\0")',
    'end',
  ].join('\n')
  const parts = (await good(run(program('glua'), ['-e', chunk]))).split('\0')
  return objects.map((_, i) => ({ status: (parts[2 * i] ?? '').trim(), message: parts[2 * i + 1] ?? '' }))
}

/** As Lua writes it; JSON's null is no value at all, as it is in Argo CD's tables. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(literal).join(',')}}`
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, one]) => `[${quoted(key)}]=${literal(one)}`)
      .join(',')}}`
  if (typeof value === 'string') return quoted(value)
  return value === null ? 'nil' : JSON.stringify(value)
}

/** Bytes by number: whatever is in them. */
const quoted = (text: string): string =>
  `"${[...Buffer.from(text)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"`
