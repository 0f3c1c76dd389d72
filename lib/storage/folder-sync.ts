import { sync } from '../startup/sync-files.ts'

/**
 * Makes the names of files survive a power cut: a name is stored in its folder. Calls that come while a
 * folder is synced share its next sync.
 */
export class FolderSync {
  readonly #sync: (folder: string) => Promise<void>
  /** The last sync of each folder, which may have to wait for the one before it. */
  readonly #last = new Map<string, Promise<void>>()
  /** The last syncs that have not begun: they will include what is in the folder now. */
  readonly #waiting = new Map<string, Promise<void>>()

  constructor(syncFolder = sync) {
    this.#sync = syncFolder
  }

  /** Resolves when the names that are in the folder now are stored. */
  sync(folder: string): Promise<void> {
    const waiting = this.#waiting.get(folder)
    if (waiting) return waiting
    const before = this.#last.get(folder) ?? Promise.resolve()
    const sync = before.catch(() => undefined).then(() => this.#begin(folder))
    this.#waiting.set(folder, sync)
    this.#last.set(folder, sync)
    const end = () => void (this.#last.get(folder) === sync && this.#last.delete(folder))
    sync.then(end, end)
    return sync
  }

  #begin(folder: string): Promise<void> {
    this.#waiting.delete(folder)
    return this.#sync(folder)
  }
}
