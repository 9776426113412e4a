/** How the image starts Node, as it is in the chart's 512 MiB. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const dockerfile = readFileSync(resolve(import.meta.dirname, '../Dockerfile'), 'utf8')
const entrypoint = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]') as string[]

export const imageFlags: readonly string[] = entrypoint
  .filter((word) => word.startsWith('--'))
  .map((flag) =>
    flag.replace(/-percentage=(\d+)$/, (_, percent) => `=${Math.floor((512 * Number(percent)) / 100)}`),
  )
