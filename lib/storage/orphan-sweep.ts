import type { Pool } from 'pg'
import type { Log } from '../log/log.ts'
import { isOwnKey } from './object-key.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'
import { withoutImage } from './orphans.ts'

const OBJECTS_A_RUN = 1000
/** Far longer than an upload: leaves time to notice that the database was restored to an earlier state. */
const MIN_AGE_MS = 24 * 60 * 60_000
/** More orphans mean that the bucket also belongs to another database, or that this database is outdated. */
const MAX_ORPHANS = OBJECTS_A_RUN / 10

/**
 * Removes objects without an image below a prefix, a part of them at a time. Each run continues where the
 * last one ended. The first begins at a random product, so that processes that restart often still reach
 * every part.
 */
export class OrphanSweep {
  readonly #pool: Pool
  readonly #objects: ObjectStore
  readonly #log: Log
  readonly #prefix: string
  #after: string

  constructor(
    pool: Pool,
    objects: ObjectStore,
    log: Log,
    prefix: string,
    after = `${prefix}${Math.ceil(Math.random() * 99)}`
  ) {
    this.#prefix = prefix
    this.#pool = pool
    this.#objects = objects
    this.#log = log
    this.#after = after
  }

  async run(signal: AbortSignal): Promise<void> {
    const oldest = Date.now() - MIN_AGE_MS
    const old = (await this.#next()).filter(
      ({ key, modified }) => isOwnKey(key) && modified.getTime() < oldest
    )
    const orphans = await withoutImage(this.#pool, old)
    if (orphans.length > MAX_ORPHANS) {
      const details = { objects: old.length, orphans: orphans.length }
      this.#log.error(details, 'Too many objects belong to no image of this database; none is removed')
      return
    }
    for (const { key } of orphans) await this.#objects.remove(key, signal)
    if (orphans.length > 0)
      this.#log.info({ objects: orphans.length }, 'Objects without an image were removed')
  }

  async #next(): Promise<StoredObject[]> {
    const objects: StoredObject[] = []
    for await (const object of this.#objects.list(this.#prefix, this.#after)) {
      objects.push(object)
      if (objects.length === OBJECTS_A_RUN) break
    }
    this.#after = objects.length === OBJECTS_A_RUN ? (objects.at(-1)?.key ?? '') : ''
    return objects
  }
}
