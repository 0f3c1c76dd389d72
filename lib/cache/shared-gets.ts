import type { Redis } from 'ioredis'

interface Waiting {
  key: string
  resolve(value: string | null): void
  reject(error: unknown): void
}

/**
 * Reads of one turn of the event loop share a command. With one command each, their promises, timers and
 * replies took a quarter of the CPU of a cached read.
 */
export class SharedGets {
  readonly #redis: Pick<Redis, 'mget'>
  #waiting: Waiting[] = []

  constructor(redis: Pick<Redis, 'mget'>) {
    this.#redis = redis
  }

  /** Resolves with the value, or with null if there is none. Rejects when the shared command fails. */
  get(key: string): Promise<string | null> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ key, resolve, reject }) === 1) setImmediate(() => void this.#send())
    })
  }

  async #send(): Promise<void> {
    const batch = this.#waiting
    this.#waiting = []
    try {
      const values = await this.#redis.mget(batch.map(({ key }) => key))
      for (const [index, { resolve }] of batch.entries()) resolve(values[index] ?? null)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}
