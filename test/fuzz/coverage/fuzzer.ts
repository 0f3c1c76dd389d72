import { generator } from '../../support/pictures/pictures.ts'
import { mutate, type Random } from './mutate.ts'

export interface Target {
  /** Throws or rejects if the code under test breaks its promise for this input. */
  fuzz: (input: Buffer) => void | Promise<void>
  /** Words that the input's format is made of. */
  dictionary?: (string | Buffer)[]
}

/** An input for which the target threw. */
export class Finding extends Error {
  readonly input: Buffer

  constructor(input: Buffer, cause: unknown) {
    super(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause), { cause })
    this.input = input
  }
}

/** Changes the inputs that reached something new, again and again. */
export class Fuzzer {
  readonly corpus: Buffer[] = []
  executions = 0
  /** By counter, a bit for each bucket that was seen. */
  #seen: number[] = []
  readonly #target: Target
  readonly #takeCounters: () => Uint8Array
  readonly #dictionary: Buffer[]
  readonly #random: Random

  constructor(target: Target, takeCounters: () => Uint8Array, seed: number) {
    const random = generator(seed)
    this.#target = target
    this.#takeCounters = takeCounters
    this.#dictionary = (target.dictionary ?? []).map((word) => Buffer.from(word))
    this.#random = (sides) => Math.floor(random() * sides)
  }

  /** The counters that were reached, and all of them. */
  get coverage(): { reached: number; counters: number } {
    return { reached: this.#seen.filter((buckets) => buckets > 1).length, counters: this.#seen.length }
  }

  /** Runs the target, and keeps an input that reaches something new. A throwing target is a Finding. */
  async execute(input: Buffer): Promise<void> {
    this.executions++
    try {
      await this.#target.fuzz(input)
    } catch (error) {
      throw new Finding(input, error)
    }
    if (this.#isNew(this.#takeCounters())) this.corpus.push(input)
  }

  /** Runs the target with changed inputs until the time is up. */
  async fuzz(milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds
    while (performance.now() < end)
      await this.execute(mutate(this.#pick(), this.#pick(), this.#dictionary, this.#random))
  }

  /** Prefers inputs that were found last. */
  #pick(): Buffer {
    const index = Math.max(this.#random(this.corpus.length), this.#random(this.corpus.length))
    return this.corpus[index] ?? Buffer.alloc(0)
  }

  #isNew(buckets: Uint8Array): boolean {
    let isNew = false
    for (const [i, bucket] of buckets.entries()) {
      const seen = this.#seen[i] ?? 0
      const bit = 1 << bucket
      if ((seen & bit) === 0 && bucket > 0) isNew = true
      this.#seen[i] = seen | bit
    }
    return isNew
  }
}
