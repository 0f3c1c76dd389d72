import { reasonOf } from '../log/log.ts'
import { type ClaimedRow, claimed } from './diagnostics.ts'
import { Dispatcher, type DispatchOptions } from './dispatcher.ts'
import type { LocalConsumer, Reservation } from './local-consumers.ts'
import { NO_LIMIT, type UserLimit } from './outbox.ts'
import type { OutboxKind, OutboxRow } from './row.ts'
import { TaskGroup } from './task-group.ts'
import { UserCounts } from './user-counts.ts'

export interface RelayOptions extends DispatchOptions {
  /** Rows that are worked on at once. */
  capacity: number
  /**
   * Returns how many more rows `dispatch` can pass on now. Whatever raises it pokes the outbox. Default:
   * no limit.
   */
  room?(): number
  /** How many rows of one user may be worked on at once. Default: no limit. */
  perUser?: UserLimit
}

type State =
  | { name: 'claiming'; hasBacklog: boolean; isPoked: boolean }
  | { name: 'sleeping' | 'paused'; timer?: NodeJS.Timeout }
  | { name: 'full' | 'limited'; running: number; isGathering: boolean; timer: NodeJS.Timeout }
  | { name: 'draining' }

/** Notifications from other processes may be lost, so a sleeping relay checks this often. */
const LONGEST_SLEEP_MS = 5000
/** A due row that was not claimed is locked, or comes with the next claim, so the relay tries again soon. */
const SHORTEST_SLEEP_MS = 20
const AFTER_ERROR_MS = 1000
/** Gathers free places: claiming rows one by one would cost a statement for each. */
const GATHER_MS = 50
const GATHERED = 1 / 4

/**
 * Passes the due rows of one kind to `dispatch`. Any number of relays, in any number of processes, share the
 * outbox. Rows keep their lease until their work has ended; when the process dies, they come due again. A
 * relay is in one of these states:
 *
 * - claiming: A claim is under way. While it finds rows, and there are places for more, another one follows;
 *   then the relay is sleeping, full or paused. A poke meanwhile causes another claim, too.
 * - sleeping: No row was due. The relay claims when it is poked, when the next row comes due, and after five
 *   seconds.
 * - full: All places are taken. The relay claims when a quarter of them is free again, and 50 ms after the
 *   first one was.
 * - limited: There are places, but nothing was claimed, and a user is at its limit. The relay claims as when
 *   it is full, when it is poked, and after a second.
 * - paused: The outbox is paused, there is no room behind `dispatch`, or the relay has not been started. It
 *   looks again when it is poked, and after five seconds.
 * - draining: It was stopped, and claims nothing. Jobs keep their leases until they end or are aborted.
 *
 * A new row may take a reserved place, before it was ever claimed, unless due rows wait for one already.
 */
export class Relay implements LocalConsumer {
  readonly #options: RelayOptions
  readonly #dispatcher: Dispatcher
  readonly #jobs = new TaskGroup()
  #state: State = { name: 'paused' }
  #running = 0
  /** Places of reservations, and of the claim that is under way. */
  #reserved = 0
  readonly #reservations = new UserCounts()

  constructor(options: RelayOptions) {
    this.#options = options
    this.#dispatcher = new Dispatcher(options)
  }

  start(): void {
    const { outbox, kind } = this.#options
    outbox.consumers.add(kind, this)
    outbox.events.on('due', this.#poke)
    this.#next()
  }

  /** Aborts jobs that run after `graceMs`, and releases their rows. Resolves when the last job has ended. */
  async stop(graceMs: number): Promise<void> {
    this.#enter({ name: 'draining' })
    this.#options.outbox.events.off('due', this.#poke)
    await this.#jobs.drain(graceMs)
    this.#dispatcher.close()
  }

  reserve(userId: number): Reservation | null {
    const state = this.#state
    const isBehindOthers = state.name === 'claiming' ? state.hasBacklog : !this.#hasClaimedAll
    if (isBehindOthers || this.#freePlaces <= 0 || this.#isAtLimit(userId)) return null
    this.#reserved++
    this.#reservations.change(userId, 1)
    let isOpen = true
    const close = () => {
      if (!isOpen) return
      isOpen = false
      this.#reserved--
      this.#reservations.change(userId, -1)
      this.#freed()
    }
    return {
      leaseMs: this.#options.leaseMs,
      accept: (row) => {
        claimed.publish({ kind: row.kind, class: 0, waitMs: 0 } satisfies ClaimedRow)
        this.#accept(row)
        close()
      },
      cancel: close
    }
  }

  get #freePlaces(): number {
    const { capacity, outbox, room = () => capacity } = this.#options
    if (outbox.isPaused) return 0
    return Math.min(capacity - this.#running, room()) - this.#reserved
  }

  /** Whether the last claim left no row that a place could be used for. */
  get #hasClaimedAll(): boolean {
    return ['sleeping', 'limited'].includes(this.#state.name)
  }

  readonly #poke = (kinds: OutboxKind[]): void => {
    if (!kinds.includes(this.#options.kind)) return
    if (this.#state.name === 'claiming') this.#state.isPoked = true
    else if (this.#state.name !== 'full' || this.#freePlaces > 0) this.#next()
  }

  #enter(state: State): void {
    if ('timer' in this.#state) clearTimeout(this.#state.timer)
    this.#state = state
  }

  #rest(name: 'sleeping' | 'paused', ms: number): void {
    this.#enter({ name, timer: setTimeout(() => this.#next(), ms) })
  }

  /** Claims if there are places, and rests if not. */
  #next(hasBacklog = !this.#hasClaimedAll): void {
    if (this.#state.name === 'draining') return
    const places = this.#freePlaces
    if (this.#running + this.#reserved >= this.#options.capacity) this.#wait('full')
    else if (places <= 0) this.#rest('paused', LONGEST_SLEEP_MS)
    // Without a backlog, the other places are for reservations meanwhile.
    else void this.#jobs.run(() => this.#claim(hasBacklog ? places : Math.ceil(places / 2), hasBacklog))
  }

  /** Waits for places of `running` jobs. */
  #wait(name: 'full' | 'limited', ms = LONGEST_SLEEP_MS, running = this.#running + this.#reserved): void {
    const timer = setTimeout(() => this.#next(), ms)
    this.#enter({ name, running, isGathering: ms === GATHER_MS, timer })
  }

  async #claim(places: number, hasBacklog: boolean): Promise<void> {
    const state: State = { name: 'claiming', hasBacklog, isPoked: false }
    this.#enter(state)
    this.#reserved += places
    const { rows, sleepMs } = await this.#fetch(places)
    for (const row of rows) this.#accept(row)
    this.#reserved -= places
    if (this.#state !== state) return
    if (sleepMs === 0 || state.isPoked) this.#next(rows.length === places)
    else if (this.#isAnyAtLimit) this.#wait('limited', Math.max(sleepMs, AFTER_ERROR_MS))
    else this.#rest('sleeping', sleepMs)
  }

  /** Resolves with rows, or with how long to sleep if there are none. */
  async #fetch(places: number): Promise<{ rows: OutboxRow[]; sleepMs: number }> {
    const { outbox, kind, leaseMs, perUser, log } = this.#options
    try {
      const rows = await outbox.claim(kind, places, leaseMs, perUser)
      if (rows.length > 0) return { rows, sleepMs: 0 }
      const nextMs = (await outbox.nextDueMs(kind)) ?? LONGEST_SLEEP_MS
      return { rows, sleepMs: Math.min(Math.max(nextMs, SHORTEST_SLEEP_MS), LONGEST_SLEEP_MS) }
    } catch (error) {
      log.warn({ reason: reasonOf(error), kind }, 'The outbox cannot be read; trying again')
      return { rows: [], sleepMs: AFTER_ERROR_MS }
    }
  }

  #accept(row: OutboxRow): void {
    if (this.#state.name === 'draining') return void this.#jobs.run(() => this.#dispatcher.release(row))
    this.#running++
    const job = this.#jobs.run((signal) => this.#dispatcher.run(row, signal))
    void job.finally(() => {
      this.#running--
      this.#freed()
    })
  }

  /** A place is free again. */
  #freed(): void {
    const state = this.#state
    if (state.name === 'paused') this.#next()
    if (!('running' in state)) return
    if (state.running - this.#running - this.#reserved >= this.#options.capacity * GATHERED) this.#next()
    else if (!state.isGathering) this.#wait(state.name, GATHER_MS, state.running)
  }

  #isAtLimit(userId: number): boolean {
    const { max, running } = this.#options.perUser ?? NO_LIMIT
    return (running.get(userId) ?? 0) + this.#reservations.of(userId) >= max
  }

  get #isAnyAtLimit(): boolean {
    const { max, running } = this.#options.perUser ?? NO_LIMIT
    return [...running.values()].some((count) => count >= max)
  }
}
