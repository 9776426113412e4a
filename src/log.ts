/** The log: lines of JSON, or of text for people, on standard output; a full disk or a reader that is gone costs lines, never the process. */
import pino, { type Logger } from 'pino'
import { metric } from './reconcile/metric.ts'

type Level = 'debug' | 'info' | 'warn' | 'error'
export type LogOptions = {
  readonly level: Level
  readonly format: 'json' | 'text'
}
export type Log = {
  readonly log: Logger
  /** In Prometheus' text format. */
  metrics(): string
}

/** What can't be written now is kept up to here, and written with the next line. */
const keptBytes = 256 * 1024

export function createLog({ level, format }: LogOptions): Log {
  let lost = 0
  const out = pino.destination({ fd: 1, sync: true, maxLength: keptBytes })
  out.on('drop', () => {
    lost += 1
  })
  // Told on the other stream, once; that one may be as full.
  let told = false
  out.on('error', (error: Error) => {
    if (told) return
    told = true
    process.stderr.write(`albatross: log lines are lost: standard output: ${error.message}\n`)
  })
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
  const stream = {
    write: (line: string): void => {
      // A reader that is gone does not come back; pino's own stream writes nothing from then on.
      out.write(format === 'json' ? line : textOf(line))
    },
    flushSync: () => out.flushSync(),
  }
  return {
    log: pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream),
    metrics: () => `${metric('log_lines_lost_total', [` ${lost}`]).join('\n')}\n`,
  }
}

/** `2026-01-01T00:00:00.000Z INFO  AWS call group=… call=elbv2:CreateRule ms=12` */
function textOf(line: string): string {
  const { time, level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>
  const label = String(pino.levels.labels[Number(level)] ?? level).toUpperCase()
  const fields = Object.entries(rest).map(([name, value]) => ` ${name}=${shown(value)}`)
  return `${String(time)} ${label.padEnd(5)} ${String(msg)}${fields.join('')}\n`
}

const shown = (value: unknown): string =>
  typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
