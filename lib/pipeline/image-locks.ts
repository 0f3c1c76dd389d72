/**
 * Locks on images that this process is processing. A second message skips images that the first one holds.
 */
export class ImageLocks {
  readonly #ids = new Set<string>()

  /** Locks those of the images that are not locked, until the lock is released or disposed of. */
  acquire<T extends { id: string }>(images: T[]): ImageLock<T> {
    const held = images.filter(({ id }) => !this.#ids.has(id))
    for (const { id } of held) this.#ids.add(id)
    return new ImageLock(held, this.#ids)
  }
}

class ImageLock<T extends { id: string }> implements Disposable {
  readonly held: readonly T[]
  readonly #locked: Set<string>
  #isReleased = false

  constructor(held: T[], locked: Set<string>) {
    this.held = held
    this.#locked = locked
  }

  /** Others may lock these images from now on. A second call changes nothing. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    for (const { id } of this.held) this.#locked.delete(id)
  }

  [Symbol.dispose](): void {
    this.release()
  }
}
