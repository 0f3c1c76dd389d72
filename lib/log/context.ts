import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Context of a job, carried in outbox rows and messages: it links the log lines and spans of a job to its
 * request.
 */
export interface Carrier {
  /** Of the request that enqueued the job. */
  request_id?: string
  /** W3C trace context; only while traces are collected. */
  traceparent?: string
  tracestate?: string
}

/** Implemented with OpenTelemetry, which is loaded only if traces are collected. */
export interface Tracer {
  /** Adds the current trace to a carrier. */
  inject(carrier: Carrier): void
  /** Runs the work in a span of the carried trace. */
  span<T>(name: string, carried: object, attributes: object, work: () => Promise<T>): Promise<T>
}

let tracer: Tracer | undefined

/** Sets the tracer of this process; undefined turns tracing off. */
export function traceWith(next: Tracer | undefined): void {
  tracer = next
}

interface Step {
  requestId: string | undefined
  /** A job runs without a request: its log lines have no request id of their own. */
  isJob: boolean
}

const steps = new AsyncLocalStorage<Step>()

/** Runs the work of a request. */
export function inRequest<T>(requestId: string, work: () => T): T {
  return steps.run({ requestId, isJob: false }, work)
}

/** Returns the context for a job that is enqueued now. */
export function carrier(): Carrier {
  const requestId = steps.getStore()?.requestId
  const carrier: Carrier = requestId === undefined ? {} : { request_id: requestId }
  tracer?.inject(carrier)
  return carrier
}

/** Runs a job with the request id and the trace that it carries. */
export function inJob<T>(
  name: string,
  carried: object,
  attributes: object,
  work: () => Promise<T>
): Promise<T> {
  const requestId =
    'request_id' in carried && typeof carried.request_id === 'string' ? carried.request_id : undefined
  return steps.run({ requestId, isJob: true }, () =>
    tracer ? tracer.span(name, carried, attributes, work) : work()
  )
}

/** For pino's `mixin`: log lines of a job get the id of the request that enqueued it. */
export function requestOfJob(): object {
  const step = steps.getStore()
  return step?.isJob && step.requestId ? { request_id: step.requestId } : {}
}
