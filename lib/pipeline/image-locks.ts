interface Lockable {
  id: string
  generation: number
}

/**
 * Locks on images that this process is processing. A second message skips images that the first one holds. A
 * newer generation of an image can be locked beside an older one, whose outcome will not be recorded.
 */
export class ImageLocks {
  readonly #locked = new Set<string>()

  /** Locks those of the images that are not locked, until the lock is released or disposed of. */
  acquire<T extends Lockable>(images: T[]): ImageLock<T> {
    const held = images.filter((image) => !this.#locked.has(keyOf(image)))
    for (const image of held) this.#locked.add(keyOf(image))
    return new ImageLock(held, this.#locked)
  }
}

class ImageLock<T extends Lockable> implements Disposable {
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
    for (const image of this.held) this.#locked.delete(keyOf(image))
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

const keyOf = ({ id, generation }: Lockable) => `${id} ${generation}`
