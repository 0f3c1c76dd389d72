import type { OutboxKind, OutboxRow } from './row.ts'

/** A place for a row that is about to be inserted. It must be used or cancelled. */
export interface Reservation {
  /** For how long the row is to be leased at its insertion, in milliseconds. */
  readonly leaseMs: number
  /** Takes the inserted row over. */
  accept(row: OutboxRow): void
  /** Frees the place, when there is no row after all. */
  cancel(): void
}

/** Works on rows of one kind in this process. */
export interface LocalConsumer {
  /** A place for one more row of the user, null when there is none. */
  reserve(userId: number): Reservation | null
}

/** The consumers of this process. They take new rows over without a claim. */
export class LocalConsumers {
  readonly #consumers: { kind: OutboxKind; consumer: LocalConsumer }[] = []

  add(kind: OutboxKind, consumer: LocalConsumer): void {
    this.#consumers.push({ kind, consumer })
  }

  /** Reserves a place of the first consumer that has one. */
  reserve(kind: OutboxKind, userId: number): Reservation | null {
    for (const { kind: of, consumer } of this.#consumers) {
      const reservation = of === kind ? consumer.reserve(userId) : null
      if (reservation) return reservation
    }
    return null
  }
}
