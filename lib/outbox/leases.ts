import { Batcher } from '../database/batcher.ts'
import { type Log, reasonOf } from '../log/log.ts'
import type { Outbox } from './outbox.ts'
import type { Claim, OutboxRow } from './row.ts'

const ROWS_A_STATEMENT = 1000

interface Renewal extends Claim {
  forMs: number
}

/**
 * The rows that one relay has claimed. Their leases are renewed until they are done, released or retried. No
 * method rejects: when the database is away, a row comes due again by itself.
 */
export class Leases {
  readonly #leaseMs: number
  readonly #held = new Set<OutboxRow>()
  readonly #deletions: Batcher<Claim>
  readonly #releases: Batcher<Claim>
  readonly #renewals: Batcher<Renewal>
  readonly #timer: NodeJS.Timeout

  constructor(outbox: Outbox, leaseMs: number, log: Log) {
    this.#leaseMs = leaseMs
    const batcher = <T extends Claim>(send: (claims: T[]) => Promise<void>, failure: string) =>
      new Batcher<T>(
        async (claims) => {
          await send(claims).catch((error: unknown) => log.warn({ reason: reasonOf(error) }, failure))
          return claims.map(() => undefined)
        },
        { maxItems: ROWS_A_STATEMENT }
      )
    this.#deletions = batcher(
      (claims) => outbox.done(claims),
      'Outbox rows that are done could not be deleted; they come due again'
    )
    this.#releases = batcher(
      (claims) => outbox.release(claims),
      'Outbox rows could not be released; they come due when their lease ends'
    )
    this.#renewals = batcher((claims) => outbox.renew(latest(claims)), 'Leases could not be renewed')
    this.#timer = setInterval(() => this.#renew(), leaseMs / 3).unref()
  }

  hold(row: OutboxRow): void {
    this.#held.add(row)
  }

  async done(row: OutboxRow): Promise<void> {
    this.#held.delete(row)
    await this.#deletions.add(row)
  }

  async release(row: OutboxRow): Promise<void> {
    this.#held.delete(row)
    await this.#releases.add(row)
  }

  async retry(row: OutboxRow, waitMs: number): Promise<void> {
    this.#held.delete(row)
    await this.#renewals.add({ id: row.id, claims: row.claims, forMs: waitMs })
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #renew(): void {
    for (const { id, claims } of this.#held) void this.#renewals.add({ id, claims, forMs: this.#leaseMs })
  }
}

/** Keeps the latest renewal of each row, as one statement updates a row once. A retry replaces a renewal. */
const latest = (renewals: Renewal[]) => [
  ...new Map(renewals.map((renewal) => [renewal.id, renewal])).values()
]
