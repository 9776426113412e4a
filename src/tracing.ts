/**
 * OpenTelemetry traces of passes and AWS calls, over OTLP and HTTP: loaded only where the standard environment variables ask
 * for it (opentelemetry.io, "OpenTelemetry Environment Variable Specification").
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { ROOT_CONTEXT, type Span as Open, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { type EndedSpan, type Span, spans } from './lib/trace.ts'

export type Tracing = {
  /** Sends what is left, for at most `limitMs`. */
  stop(limitMs: number): Promise<void>
}

export function startTracing(version: string, env: Readonly<Record<string, string | undefined>>): Tracing {
  const ratio = ratioOf(env)
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'albatross', 'service.version': version }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
    ...(ratio === undefined
      ? {}
      : { sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }) }),
  })
  const tracer = provider.getTracer('albatross', version)
  const current = new AsyncLocalStorage<Open>()
  const open = new WeakMap<Span, Open>()
  spans.start.bindStore(current, (span) => {
    const around = current.getStore()
    const { name, attributes } = span
    const kind = name.includes(':') ? SpanKind.CLIENT : SpanKind.INTERNAL
    const started = tracer.startSpan(
      name,
      { kind, attributes },
      around === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, around),
    )
    open.set(span, started)
    return started
  })
  const listener = {
    asyncEnd: (span: Span): void => {
      const started = open.get(span)
      if (started === undefined) return
      tell(started, span)
      started.end()
    },
  }
  spans.subscribe(listener as Parameters<typeof spans.subscribe>[0])
  return {
    stop: async (limitMs) => {
      spans.unsubscribe(listener as Parameters<typeof spans.unsubscribe>[0])
      spans.start.unbindStore(current)
      const ended = provider.shutdown().catch(() => undefined)
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, limitMs))])
    },
  }
}

/** Codes and verdicts, never messages: those may quote what users wrote. */
function tell(started: Open, { result, error }: EndedSpan): void {
  if (error !== undefined) {
    started.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'Error' })
    return
  }
  const said = (typeof result === 'object' && result !== null ? result : {}) as {
    readonly ok?: boolean
    readonly error?: { readonly code?: string; readonly kind?: string }
    readonly verdict?: string
  }
  if (said.verdict !== undefined) started.setAttribute('verdict', said.verdict)
  if (said.ok !== false) return
  const message = said.error?.code ?? said.error?.kind ?? 'refused'
  started.setAttribute('error.type', message)
  started.setStatus({ code: SpanStatusCode.ERROR, message })
}

/** All are sent unless the variables say a part. */
function ratioOf(env: Readonly<Record<string, string | undefined>>): number | undefined {
  const sampler = env['OTEL_TRACES_SAMPLER'] ?? ''
  if (sampler.endsWith('always_off')) return 0
  const ratio = Number(env['OTEL_TRACES_SAMPLER_ARG'] ?? 1)
  return sampler.endsWith('traceidratio') && ratio >= 0 && ratio <= 1 ? ratio : undefined
}
