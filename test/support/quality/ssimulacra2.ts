import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

/** Two pictures of one size, three bytes of sRGB a pixel. */
export interface Pair {
  reference: Uint8Array
  picture: Uint8Array
  width: number
  height: number
}

/**
 * How near a picture comes to its reference: 100 is the reference itself, 90 looks the same, 70 is good, 50
 * is fair. 800x600 takes one second of CPU, in a thread of its own whose log is dropped.
 */
export class Ssimulacra2 implements AsyncDisposable {
  readonly #worker = new Worker(join(import.meta.dirname, 'ssimulacra2-worker.ts'), { stdout: true })

  /** One pair at a time. */
  async score(pair: Pair): Promise<number> {
    this.#worker.postMessage(pair)
    const [score] = await once(this.#worker, 'message')
    return score
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}
