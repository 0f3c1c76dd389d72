import type { Log } from '../log/log.ts'
import { type FailedRow, failures } from './diagnostics.ts'
import { Leases } from './leases.ts'
import type { Outbox } from './outbox.ts'
import type { OutboxKind, OutboxRow } from './row.ts'

export interface DispatchOptions {
  outbox: Outbox
  kind: OutboxKind
  leaseMs: number
  /** Resolves when the row's work was passed on or done, rejects when the row should come due again. */
  dispatch(row: OutboxRow, signal: AbortSignal): Promise<void>
  /**
   * Returns the milliseconds until a rejected row comes due again, or null to give it up. Default: one
   * second.
   */
  retryMs?(row: OutboxRow): number | null
  log: Log
}

const RETRY_MS = 1000

/** Dispatches claimed rows under their leases. Deletes, releases or retries each when its work ends. */
export class Dispatcher {
  readonly #options: DispatchOptions
  readonly #leases: Leases

  constructor(options: DispatchOptions) {
    this.#options = options
    this.#leases = new Leases(options.outbox, options.leaseMs, options.log)
  }

  /**
   * Resolves when the row is deleted, is released because `signal` aborted, or will come due again. Never
   * rejects.
   */
  async run(row: OutboxRow, signal: AbortSignal): Promise<void> {
    this.#leases.hold(row)
    try {
      await this.#options.dispatch(row, signal)
      await this.#leases.done(row)
    } catch (error) {
      await (signal.aborted ? this.#leases.release(row) : this.#failed(row, error))
    }
  }

  release(row: OutboxRow): Promise<void> {
    return this.#leases.release(row)
  }

  close(): void {
    this.#leases.close()
  }

  async #failed(row: OutboxRow, error: unknown): Promise<void> {
    const { outbox, kind, log, retryMs = () => RETRY_MS } = this.#options
    const waitMs = retryMs(row)
    failures.publish({ kind, outcome: waitMs === null ? 'given_up' : 'retried' } satisfies FailedRow)
    const details = { err: error, kind, product_id: row.product_id, claims: row.claims }
    if (waitMs === null) {
      log.error(details, 'Outbox work failed too often; it is given up')
      return this.#leases.done(row)
    }
    log.warn(details, 'Outbox work failed; it is retried')
    await this.#leases.retry(row, waitMs)
    // The relay may sleep for longer than that: the row was leased when the sleep was computed.
    outbox.poke([kind])
  }
}
