/** Certificates from files, as cert-manager or a chart mounts them: read again and again, so that changed ones are served without a restart. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fail, ok, type Result } from '../lib/result.ts'
import { readMaterial } from './material.ts'
import type { Source } from './secret-source.ts'

type Files = { readonly directory: string; readonly certificate: string; readonly key: string }

/** Whoever writes them tells the API server whom to trust. */
export function fileSource({ directory, ...files }: Files): Source {
  const places = {
    certificate: resolve(directory, files.certificate),
    key: resolve(directory, files.key),
    authorities: '',
  }
  return {
    read: async () => {
      const [certificate, key] = [await textOf(places.certificate), await textOf(places.key)]
      if (!certificate.ok) return certificate
      if (!key.ok) return key
      return readMaterial({ certificate: certificate.value, key: key.value }, places)
    },
  }
}

export async function textOf(path: string): Promise<Result<string, string>> {
  try {
    return ok(await readFile(path, 'utf8'))
  } catch (error) {
    return fail(`${path} can't be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`)
  }
}
