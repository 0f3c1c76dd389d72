import { AsyncLocalStorage } from 'node:async_hooks'

export type AttemptStage =
  | 'dns_ms'
  | 'connect_ms'
  | 'headers_ms'
  | 'body_ms'
  | 'core_wait_ms'
  | 'compress_ms'
  | 'upload_ms'

export interface SourceVisit {
  url: string
  /** Null without a response. */
  status: number | null
  /** Null where nothing was connected to. */
  address: string | null
  /** Whether the connection was there before. */
  kept: boolean
}

interface Following {
  sent(address: string | undefined, kept: boolean): void
  responded(status: number): void
  ended(): void
}

/**
 * What an attempt at an image does, for operators. Carried by the asynchronous context, so that the guard of
 * outgoing connections and the limiter need to know nothing of images.
 */
export class AttemptTrace {
  readonly visits: SourceVisit[] = []
  readonly stages: Partial<Record<AttemptStage, number>> = {}

  add(stage: AttemptStage, ms: number): void {
    this.stages[stage] = Math.round((this.stages[stage] ?? 0) + ms)
  }

  /** Follows a request; its times begin now. */
  visit(url: string): Following {
    const visit: SourceVisit = { url, status: null, address: null, kept: false }
    this.visits.push(visit)
    let since = performance.now()
    const elapsed = () => {
      const ms = performance.now() - since
      since += ms
      return ms
    }
    return {
      sent: (address, kept) => {
        visit.address = address ?? null
        visit.kept = kept
        elapsed()
      },
      responded: (status) => {
        visit.status = status
        this.add('headers_ms', elapsed())
      },
      ended: () => this.add('body_ms', elapsed())
    }
  }

  connected(address: string | undefined, ms: number): void {
    this.add('connect_ms', ms)
    const visit = this.visits.at(-1)
    if (visit && address) visit.address = address
  }
}

const current = new AsyncLocalStorage<AttemptTrace>()

export const inAttempt = <T>(trace: AttemptTrace, work: () => Promise<T>): Promise<T> =>
  current.run(trace, work)

/** Returns the trace of the attempt that runs now, if one does. */
export const currentAttempt = (): AttemptTrace | undefined => current.getStore()
