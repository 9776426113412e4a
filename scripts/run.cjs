// Runs a file with Node 24: its own node if new enough, else the one that `npm ci` installed.
// Plain CommonJS that any Node since 12 can parse, because this is what an old one meets first.
'use strict'
const { spawn } = require('node:child_process')
const { existsSync } = require('node:fs')
const { constants } = require('node:os')
const path = require('node:path')

const root = path.resolve(__dirname, '..')
const [major, minor] = process.versions.node.split('.').map(Number)
const current = major > 24 || (major === 24 && minor >= 12)
const shipped = path.join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')

if (!current && !existsSync(shipped)) {
  console.error(
    `Albatross needs Node 24.12 or later; this is ${process.version}, and node_modules holds none for ` +
      `${process.platform}-${process.arch}. Run \`npm ci\` (without --omit=optional), or install Node 24.`,
  )
  process.exit(1)
}

const node = current ? process.execPath : shipped
const [file, ...args] = process.argv.slice(2)
const child = spawn(node, [path.resolve(root, file), ...args], {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH || ''}` },
})
// The terminal sends Ctrl-C to the whole group; a signal sent to this process alone is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) =>
  process.exit(code === null ? 128 + (constants.signals[signal] || 1) : code),
)
