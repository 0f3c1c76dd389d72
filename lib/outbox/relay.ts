import { setTimeout as wait } from 'node:timers/promises'
import type { Log } from '../log/log.ts'
import type { LocalConsumer, Reservation } from './local-consumers.ts'
import type { Outbox } from './outbox.ts'
import type { OutboxKind, OutboxRow } from './row.ts'
import { TaskGroup } from './task-group.ts'

export interface RelayOptions {
  outbox: Outbox
  kind: OutboxKind
  /** Rows in hand at once. */
  capacity: number
  leaseMs: number
  /** Resolves when the row's work was taken over or done, rejects when it should come due again. */
  dispatch(row: OutboxRow, signal: AbortSignal): Promise<void>
  /** Milliseconds after which a row that was rejected comes due again, null to give it up. Default: one second. */
  retryMs?(row: OutboxRow): number | null
  /** Nothing is claimed while this answers false; whoever makes it true wakes the outbox. */
  isOpen?(): boolean
  log: Log
}

/** Rows that other processes owe come due without a signal here, so that far it looks by itself. */
const LONGEST_SLEEP_MS = 5000
/** A row that is due and yet cannot be claimed is locked by somebody else. */
const SHORTEST_SLEEP_MS = 20
const AFTER_TROUBLE_MS = 1000
/** Nobody waits for rows to be deleted, and many are deleted as fast as one. */
const GATHER_MS = 10

/**
 * Hands owed rows of one kind to `dispatch` as they come due. Any number of relays, in any number of processes, share the
 * outbox. Rows in hand keep their lease; when the process dies they come due again.
 */
export class Relay implements LocalConsumer {
  readonly #options: RelayOptions
  readonly #inHand = new Map<string, OutboxRow>()
  #reserved = 0
  readonly #jobs = new TaskGroup()
  #paused = false
  #dispatched: OutboxRow[] = []
  #deletion: Promise<void> | null = null
  #handed: OutboxRow[] = []
  #handing: Promise<void> | null = null
  #waitsForRoom = false
  #isAwake = true
  #endSleep = () => {}
  #running: Promise<void> | undefined

  constructor(options: RelayOptions) {
    this.#options = options
  }

  start(): void {
    const { outbox, kind, leaseMs } = this.#options
    const wake = (kinds: OutboxKind[]) => {
      if (kinds.includes(kind)) this.#wake()
    }
    const renewal = setInterval(() => this.#renew(), leaseMs / 3).unref()
    outbox.events.on('due', wake)
    outbox.consumers.set(kind, this)
    this.#running = this.#run().finally(() => {
      outbox.events.off('due', wake)
      clearInterval(renewal)
    })
  }

  reserve(): Reservation | null {
    const { leaseMs, isOpen = () => true } = this.#options
    if (this.#paused || this.#free === 0 || !isOpen()) return null
    this.#reserved++
    let open = true
    const close = () => {
      if (open) this.#reserved--
      open = false
    }
    return {
      leaseMs,
      accept: (row) => {
        close()
        this.#accept(row)
      },
      cancel: close
    }
  }

  get #free(): number {
    return this.#options.capacity - this.#inHand.size - this.#handed.length - this.#reserved
  }

  #accept(row: OutboxRow): void {
    if (this.#paused) void this.#options.outbox.release([row]).catch(() => undefined)
    else {
      this.#handed.push(row)
      this.#handing ??= this.#takeHanded().finally(() => {
        this.#handing = null
      })
    }
  }

  /** The first at once, and those that follow it together: messages that go in one burst cost half. */
  async #takeHanded(): Promise<void> {
    while (this.#handed.length > 0) {
      for (const row of this.#handed.splice(0)) void this.#take(row)
      await wait(GATHER_MS)
    }
  }

  /** Claims nothing more. */
  pause(): void {
    this.#paused = true
    this.#wake()
  }

  /** Waits for the rows in hand; those still there after `graceMs` are told to stop and given back. */
  async stop(graceMs: number): Promise<void> {
    this.pause()
    await this.#running
    await this.#handing
    await this.#jobs.drain(graceMs)
  }

  async #run(): Promise<void> {
    while (!this.#paused) {
      this.#isAwake = false
      const sleepMs = await this.#claim().catch((error: unknown) => {
        this.#options.log.warn(
          { err: error, kind: this.#options.kind },
          'The outbox cannot be read; trying again'
        )
        return AFTER_TROUBLE_MS
      })
      // What woke it while it claimed may have come too late for that claim.
      if (sleepMs > 0 && !this.#isAwake) await this.#sleep(sleepMs)
    }
  }

  /** Takes what is due, and answers how long there is nothing to take. */
  async #claim(): Promise<number> {
    const { outbox, kind, leaseMs, isOpen = () => true } = this.#options
    const room = this.#free
    this.#waitsForRoom = room === 0
    if (room === 0 || !isOpen()) return LONGEST_SLEEP_MS
    const rows = await outbox.claim(kind, room, leaseMs)
    for (const row of rows) void this.#take(row)
    if (rows.length === room) return 0
    const nextMs = await outbox.nextDueMs(kind)
    return Math.min(Math.max(nextMs ?? LONGEST_SLEEP_MS, SHORTEST_SLEEP_MS), LONGEST_SLEEP_MS)
  }

  async #take(row: OutboxRow): Promise<void> {
    this.#inHand.set(row.id, row)
    await this.#jobs.run((signal) => this.#dispatch(row, signal))
    this.#inHand.delete(row.id)
    // With a quarter free the next claim is worth its statement.
    if (this.#waitsForRoom && this.#inHand.size <= this.#options.capacity * 0.75) this.#wake()
  }

  async #dispatch(row: OutboxRow, signal: AbortSignal): Promise<void> {
    const { outbox, kind, dispatch, log, retryMs = () => AFTER_TROUBLE_MS } = this.#options
    try {
      await dispatch(row, signal)
    } catch (error) {
      if (signal.aborted) return void (await outbox.release([row]).catch(() => undefined))
      const waitMs = retryMs(row)
      const details = { err: error, kind, product_id: row.product_id, claims: row.claims }
      if (waitMs !== null) {
        log.warn(details, 'Owed work was not taken over; it comes due again')
        await outbox.renew([row], waitMs).catch(() => undefined)
        // It may come due before the sleep ends that was begun while it was leased.
        return this.#wake()
      }
      log.error(details, 'Owed work was rejected too often; it is given up')
    }
    this.#dispatched.push(row)
    this.#deletion ??= this.#deleteDispatched().finally(() => {
      this.#deletion = null
    })
    await this.#deletion
  }

  /** One statement for all rows that were dispatched lately. A row that stays is dispatched again. */
  async #deleteDispatched(): Promise<void> {
    while (this.#dispatched.length > 0) {
      await wait(GATHER_MS)
      const rows = this.#dispatched.splice(0)
      await this.#options.outbox
        .done(rows)
        .catch((error: unknown) =>
          this.#options.log.warn({ err: error }, 'Dispatched rows could not be deleted; they come due again')
        )
    }
  }

  #renew(): void {
    const rows = [...this.#inHand.values()]
    if (rows.length === 0) return
    const { outbox, leaseMs, log } = this.#options
    outbox
      .renew(rows, leaseMs)
      .catch((error: unknown) => log.warn({ err: error }, 'Leases could not be renewed'))
  }

  async #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    this.#endSleep = resolve
    await promise
    clearTimeout(timer)
  }

  #wake(): void {
    this.#isAwake = true
    this.#endSleep()
  }
}
