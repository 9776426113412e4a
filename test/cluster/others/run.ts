/** Runs a program of others to its end; it never blocks this process, in which the local AWS answers. */
import { execFile } from 'node:child_process'

export type Ran = { readonly code: number; readonly out: string; readonly err: string }
export type Run = (...args: readonly string[]) => Promise<Ran>
type Options = { readonly env?: Readonly<Record<string, string>>; readonly input?: string }

export const run = (
  file: string,
  args: readonly string[],
  { env = {}, input = '' }: Options = {},
): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 1 << 26, timeout: 180_000 }
    const child = execFile(file, args, options, (error, out, err) => {
      if (error !== null && typeof error.code !== 'number') reject(error)
      else resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })

/** What it printed; throws with what it said unless it ended well. */
export async function good(running: Promise<Ran>): Promise<string> {
  const { code, out, err } = await running
  if (code !== 0) throw new Error(`it ended with ${code}: ${err}${out}`)
  return out
}
