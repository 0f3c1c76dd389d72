import { context, propagation, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { type Tracer, traceWith } from '../log/context.ts'
import { type StageContext, stages } from '../pipeline/stages.ts'
import { VERSION } from '../version.ts'

/** Sends spans to an OTLP collector (`http://host:4318`). Returns a function that ends it. */
export function startTracing(endpoint: string, role: string): () => Promise<void> {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'asyncprod',
      'service.version': VERSION,
      'asyncprod.role': role
    }),
    spanProcessors: [new BatchSpanProcessor({ exporter })]
  })
  const contexts = new AsyncLocalStorageContextManager()
  context.setGlobalContextManager(contexts)
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(provider)
  stages.subscribe(stageSpans)
  traceWith(jobSpans)
  return async () => {
    traceWith(undefined)
    stages.unsubscribe(stageSpans)
    await provider.shutdown()
    for (const api of [context, propagation, trace]) api.disable()
  }
}

const jobSpans: Tracer = {
  inject(carrier) {
    propagation.inject(context.active(), carrier)
  },
  span(name, carried, attributes, work) {
    const parent = propagation.extract(context.active(), carried)
    return trace
      .getTracer('asyncprod')
      .startActiveSpan(name, { attributes: { ...attributes } }, parent, (span) => ended(span, work))
  }
}

async function ended<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) })
    throw error
  } finally {
    span.end()
  }
}

const spans = new WeakMap<StageContext, Span>()

const stageSpans = {
  start(stage: StageContext) {
    const attributes = { 'asyncprod.product_id': stage.productId }
    spans.set(stage, trace.getTracer('asyncprod').startSpan(stage.stage, { attributes }))
  },
  asyncEnd(stage: StageContext & { error?: unknown }) {
    const span = spans.get(stage)
    if (stage.error !== undefined)
      span?.setStatus({ code: SpanStatusCode.ERROR, message: String(stage.error) })
    span?.end()
  },
  end() {},
  asyncStart() {},
  error() {}
}
