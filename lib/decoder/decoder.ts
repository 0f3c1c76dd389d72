import { totalmem } from 'node:os'
import { extname, join } from 'node:path'
import pLimit, { type LimitFunction } from 'p-limit'
import { BufferPool } from '../buffer-pool.ts'
import type { CompressOptions } from '../compress.ts'
import { DecoderLost, endedDecoder } from './failures.ts'
import { type Fence, fenceFor } from './fence.ts'
import type { Limits } from './limits.ts'
import { type Decoded, DecoderProcess } from './process.ts'

export interface DecoderOptions extends CompressOptions {
  /** Pictures decoded at once, each in a process of its own. */
  concurrency: number
  limits?: Partial<Limits>
  /** What a decoder runs; default: `compress`. */
  entry?: string
}

/**
 * `wallClockMs` allows for a busy machine. Measured: 52 megapixels take 1.5 s of CPU and 400 MB as a
 * progressive 4:4:4 JPEG; AVIF takes about 25 bytes a pixel. No picture may take more than half of the memory
 * of the machine or container.
 */
const LIMITS: Limits = {
  wallClockMs: 60_000,
  cpuSeconds: 20,
  residentBytes: Math.min(1536 * 1024 * 1024, (process.constrainedMemory() || totalmem()) / 2, totalmem() / 2)
}

/** For each rendition. AVIF of 4096x4096 takes about 10 s of CPU. */
const MORE_FOR_RENDITION = { wallClockMs: 30_000, cpuSeconds: 15 }

/** Starting one takes 150 ms; one that waits holds 45 MB. */
const IDLE_MS = 30_000
/** For those beyond the first: three slow pictures left three decoders that nothing needed. */
const SURPLUS_IDLE_MS = 5000

/**
 * Maximum decoders for one picture, if each ends for another reason than the picture. Then the picture fails.
 */
const MAX_TRIES = 3

/** Room for 64 results of up to 64 kB. */
const POOL_BYTES = 4 * 1024 * 1024

/** Of this folder from the published chunks, too, which are in another one of lib. */
const ENTRY = join(import.meta.dirname, '../decoder', `main${extname(import.meta.filename)}`)

/**
 * Resolves with the restrictions on decoders that are in force, and those that this system does not offer.
 */
export function decoderFence(): Promise<Pick<Fence, 'inForce' | 'missing'>> {
  return fenceFor(ENTRY)
}

/**
 * Compresses pictures where they can harm nothing but themselves. Processes are started when pictures come,
 * and end when none come for a while.
 */
export class Decoder {
  readonly #options: CompressOptions
  readonly #limits: Limits
  readonly #entry: string
  readonly #places: LimitFunction
  readonly #pool = new BufferPool(POOL_BYTES)
  readonly #all = new Set<DecoderProcess>()
  /** A stack: the decoder that was used last is used next. */
  readonly #idle: { decoder: DecoderProcess; timer: NodeJS.Timeout }[] = []
  #isClosed = false

  constructor({ concurrency, limits, entry = ENTRY, ...options }: DecoderOptions) {
    this.#options = options
    const renditions = options.renditions?.length ?? 0
    this.#limits = {
      ...LIMITS,
      wallClockMs: LIMITS.wallClockMs + renditions * MORE_FOR_RENDITION.wallClockMs,
      cpuSeconds: LIMITS.cpuSeconds + renditions * MORE_FOR_RENDITION.cpuSeconds,
      ...limits
    }
    this.#entry = entry
    this.#places = pLimit(concurrency)
  }

  /**
   * Resolves with the picture as `compress` makes it. Calls `begun` when a decoder starts with it. Rejects
   * with a permanent ImageError, with the signal's reason, or with another error when no decoder can be
   * started.
   */
  async compress(source: Buffer, signal: AbortSignal, begun = () => {}): Promise<Decoded> {
    return await this.#places(() => this.#decode(source, signal, begun, MAX_TRIES))
  }

  /** Resolves when no process is left. Pictures that are being decoded are given up. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const { timer } of this.#idle.splice(0)) clearTimeout(timer)
    await Promise.all([...this.#all].map((decoder) => decoder.close()))
  }

  async #decode(source: Buffer, signal: AbortSignal, begun: () => void, tries: number): Promise<Decoded> {
    const decoder = await this.#take(signal)
    try {
      return await decoder.decode(source, this.#options, signal, begun)
    } catch (error) {
      if (!(error instanceof DecoderLost) || this.#isClosed) throw error
      if (tries === 1) throw endedDecoder(error.message, error)
      return await this.#decode(source, signal, begun, tries - 1)
    } finally {
      this.#giveBack(decoder)
    }
  }

  async #take(signal: AbortSignal): Promise<DecoderProcess> {
    signal.throwIfAborted()
    const next = this.#idle.pop()
    if (!next) return await this.#start()
    clearTimeout(next.timer)
    return next.decoder
  }

  async #start(): Promise<DecoderProcess> {
    const fence = await fenceFor(this.#entry)
    if (this.#isClosed) throw new Error('The decoder is closed')
    const decoder = new DecoderProcess(fence, this.#limits, this.#pool)
    this.#all.add(decoder)
    void decoder.exited.then(() => this.#all.delete(decoder))
    return decoder
  }

  #giveBack(decoder: DecoderProcess): void {
    if (!decoder.isAlive || this.#isClosed) return
    const idleMs = this.#idle.length > 0 ? SURPLUS_IDLE_MS : IDLE_MS
    this.#idle.push({ decoder, timer: setTimeout(() => void this.#retire(decoder), idleMs) })
  }

  async #retire(decoder: DecoderProcess): Promise<void> {
    const at = this.#idle.findIndex((idle) => idle.decoder === decoder)
    if (at >= 0) this.#idle.splice(at, 1)
    await decoder.close()
  }
}
