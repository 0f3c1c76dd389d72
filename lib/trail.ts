import { AsyncLocalStorage } from 'node:async_hooks'
import { context, propagation, type Span, SpanStatusCode, trace } from '@opentelemetry/api'

/** What is carried along with owed work, in rows and messages, so that its end can be told from its beginning. */
export interface Carrier {
  /** Of the request that it began with. */
  request_id?: string
  /** W3C trace context; only while traces are collected. */
  traceparent?: string
  tracestate?: string
}

interface Step {
  requestId: string | undefined
  /** Work without a request: its log lines have no request id of their own. */
  isJob: boolean
}

const steps = new AsyncLocalStorage<Step>()

/** What is done in `work` belongs to this request. */
export function inRequest<T>(requestId: string, work: () => T): T {
  return steps.run({ requestId, isJob: false }, work)
}

/** What is to be carried along with work that is owed at this moment. */
export function carrier(): Carrier {
  const requestId = steps.getStore()?.requestId
  const carrier: Carrier = requestId === undefined ? {} : { request_id: requestId }
  propagation.inject(context.active(), carrier)
  return carrier
}

/** Goes on with owed work under the request id and the trace that it brings. Without a collector the span is none. */
export function inJob<T>(
  name: string,
  carried: object,
  attributes: object,
  work: () => Promise<T>
): Promise<T> {
  const requestId =
    'request_id' in carried && typeof carried.request_id === 'string' ? carried.request_id : undefined
  const parent = propagation.extract(context.active(), carried)
  return steps.run({ requestId, isJob: true }, () =>
    trace
      .getTracer('asyncprod')
      .startActiveSpan(name, { attributes: { ...attributes } }, parent, (span) => ended(span, work))
  )
}

/** For pino's `mixin`: lines of a job name the request that it began with. */
export function requestOfJob(): object {
  const step = steps.getStore()
  return step?.isJob && step.requestId ? { request_id: step.requestId } : {}
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
