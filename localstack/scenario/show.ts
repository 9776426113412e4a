/** Shows a scenario as it happens: a live line for what is being waited for, then a tick. Plain lines where there is no terminal. */
import { styleText } from 'node:util'

export type Show = {
  heading(text: string): void
  /** Something is being waited for. */
  waiting(text: string): void
  done(text: string, detail: string, ms: number): void
  failed(text: string, why: string): void
  note(text: string): void
  end(result: {
    readonly scenario: string
    readonly passed: number
    readonly failed: number
    readonly ms: number
  }): void
}
type Out = NodeJS.WriteStream

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

export function showOn(out: Out, json: boolean): Show {
  if (json) return asJson(out)
  return out.isTTY ? live(out) : plain(out)
}

function plain(out: Out): Show {
  const line = (text: string): void => {
    out.write(`${text}\n`)
  }
  return {
    heading: (text) => line(`\n${text}`),
    waiting: () => undefined,
    done: (text, detail, ms) => line(`  ok    ${text}${detail === '' ? '' : `: ${detail}`} (${seconds(ms)})`),
    failed: (text, why) => line(`  FAIL  ${text}\n        ${why.replaceAll('\n', '\n        ')}`),
    note: (text) => line(text),
    end: ({ scenario, passed, failed, ms }) =>
      line(`\n${scenario}: ${passed} passed, ${failed} failed in ${seconds(ms)}`),
  }
}

function live(out: Out): Show {
  const shape = plain(out)
  const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
  let timer: NodeJS.Timeout | undefined
  const clear = (): void => {
    clearInterval(timer)
    timer = undefined
    out.write('\r\u001b[2K')
  }
  return {
    ...shape,
    heading: (text) => shape.heading(styleText('bold', text)),
    waiting: (text) => {
      const started = Date.now()
      clear()
      timer = setInterval(() => {
        const frame = frames[Math.floor((Date.now() - started) / 80) % frames.length] ?? ''
        const width = Math.max(20, (out.columns ?? 80) - 14)
        out.write(
          `\r\u001b[2K  ${styleText('cyan', frame)} ${text.slice(0, width)} ${styleText('dim', seconds(Date.now() - started))}`,
        )
      }, 80)
      timer.unref()
    },
    done: (text, detail, ms) => {
      clear()
      const more = detail === '' ? '' : styleText('dim', `  ${detail}`)
      out.write(`  ${styleText('green', '✔')} ${text}${more} ${styleText('dim', seconds(ms))}\n`)
    },
    failed: (text, why) => {
      clear()
      out.write(`  ${styleText('red', '✖')} ${text}\n    ${why.replaceAll('\n', '\n    ')}\n`)
    },
    end: (result) => {
      clear()
      shape.end(result)
    },
  }
}

function asJson(out: Out): Show {
  const line = (value: object): void => {
    out.write(`${JSON.stringify(value)}\n`)
  }
  return {
    heading: (text) => line({ heading: text }),
    waiting: () => undefined,
    done: (check, detail, ms) => line({ check, result: 'passed', detail, ms }),
    failed: (check, why) => line({ check, result: 'failed', why }),
    note: (text) => line({ note: text }),
    end: (result) => line(result),
  }
}
