// A virtual environment of Python in a cache folder: made once for each list of pinned files.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The Python that has what `list` names; throws where there is no Python 3.10, or the files can't be fetched. */
export async function pythonWith(name: string, list: string): Promise<string> {
  const key = createHash('sha256')
    .update(await readFile(list))
    .digest('hex')
    .slice(0, 16)
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const folder = join(cache, 'albatross', name, key)
  const python = join(folder, 'bin', 'python')
  if (existsSync(python)) return python
  // Beside it first: what is half made is never taken for the whole, and two runs don't mix.
  const making = `${folder}.${process.pid}`
  try {
    await mkdir(making, { recursive: true })
    await run('python3', ['-m', 'venv', making])
    const install =
      '-m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement'
    await run(join(making, 'bin', 'python'), [...install.split(' '), list])
    await rename(making, folder)
  } catch (error) {
    if (!existsSync(python)) throw error
  } finally {
    await rm(making, { recursive: true, force: true })
  }
  return python
}
