import { AsyncLocalStorage } from 'node:async_hooks'

/** What is carried along with owed work, in rows and messages, so that its end can be told from its beginning. */
export interface Carrier {
  /** Of the request that it began with. */
  request_id?: string
  /** W3C trace context; only while traces are collected. */
  traceparent?: string
  tracestate?: string
}

/** How traces are collected, where they are: OpenTelemetry is loaded nowhere else. */
export interface Tracer {
  /** Puts the trace that is under way into a carrier. */
  inject(carrier: Carrier): void
  /** Does the work in a span of the trace that was carried along. */
  span<T>(name: string, carried: object, attributes: object, work: () => Promise<T>): Promise<T>
}

let tracer: Tracer | undefined

/** From now on work is traced, or no longer. */
export function traceWith(next: Tracer | undefined): void {
  tracer = next
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
  tracer?.inject(carrier)
  return carrier
}

/** Goes on with owed work under the request id and the trace that it brings. */
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

/** For pino's `mixin`: lines of a job name the request that it began with. */
export function requestOfJob(): object {
  const step = steps.getStore()
  return step?.isJob && step.requestId ? { request_id: step.requestId } : {}
}
