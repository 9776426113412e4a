/** The version in package.json: one place says it. */
import manifest from '../package.json' with { type: 'json' }

export const version: string = manifest.version
