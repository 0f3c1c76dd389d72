import type { BufferPool } from '../buffer-pool.ts'
import type { Compressed, CompressOptions } from '../compress.ts'
import { type KillReason, publishKill, runningDecoders } from './diagnostics.ts'
import { DecoderLost, endedDecoder } from './failures.ts'
import type { Fence } from './fence.ts'
import { type Frame, FrameReader, frameStart } from './frame.ts'
import { type Limits, watch } from './limits.ts'
import { isState, readReply, UnreadableReply } from './reply.ts'
import { type DecoderChild, lowerPriority, spawnDecoder } from './spawn.ts'

const START_MS = 30_000
const MAX_LOG = 2000
/** Sent by an operator, or by the OOM killer, which may choose the decoder of a harmless picture. */
const KILLED_FROM_OUTSIDE = 'SIGKILL'

/** Dispose of it once nothing reads its bytes: their buffer is used for another picture. Optional. */
export type Decoded = Compressed & Disposable

/** One child process that decodes one picture at a time. */
export class DecoderProcess {
  readonly #child: DecoderChild
  readonly #limits: Limits
  readonly #pool: BufferPool
  readonly #reader: FrameReader
  readonly #ready: Promise<void>
  readonly #exit = Promise.withResolvers<void>()
  #reply: PromiseWithResolvers<Frame> | undefined
  /** The decoder has received the whole picture, so the picture counts as the reason if it crashes. */
  #hasBegun = false
  #hasEnded = false
  #log = ''

  constructor(fence: Fence, limits: Limits, pool: BufferPool) {
    this.#limits = limits
    this.#pool = pool
    this.#reader = new FrameReader((length) => pool.take(length))
    const { child, removeFolder } = spawnDecoder(fence)
    this.#child = child
    if (this.#child.pid) runningDecoders.add(this.#child.pid)
    this.#child.on('error', (error) => this.#ended(error.message))
    this.#child.on('exit', (code, signal) => this.#ended(signal ?? `exit code ${code}`))
    this.#child.stdin.on('error', () => undefined)
    this.#child.stdout.on('data', (chunk: Buffer) => this.#receive(chunk))
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-MAX_LOG)
    })
    this.#ready = this.#start().finally(removeFolder)
    // `decode` reports a failed start; without a picture there is nothing to report it to.
    this.#ready.catch(() => undefined)
  }

  get isAlive(): boolean {
    return !this.#hasEnded && !this.#child.killed
  }

  /**
   * Resolves with the compressed picture. Rejects with an ImageError if the picture cannot be decoded or
   * exceeds a limit, with the signal's reason, with DecoderLost, or, if the decoder does not start, with its
   * output. The decoder is killed at a limit and at an abort.
   */
  async decode(
    source: Buffer,
    options: CompressOptions,
    signal: AbortSignal,
    begun: () => void
  ): Promise<Decoded> {
    signal.throwIfAborted()
    const abort = () => this.#kill('abort', signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    try {
      await this.#ready
      begun()
      return await this.#exchange(source, options)
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Ends the decoder, and with it what it decodes. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit.promise
  }

  /** Resolves when the process is gone. */
  get exited(): Promise<void> {
    return this.#exit.promise
  }

  async #start(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), START_MS)
    try {
      if (!isState(await this.#nextReply(), 'ready')) throw new UnreadableReply()
    } catch (cause) {
      if (!(cause instanceof DecoderLost || cause instanceof UnreadableReply)) throw cause
      throw new Error(`A decoder does not start: ${this.#log}`, { cause })
    } finally {
      clearTimeout(timer)
    }
    lowerPriority(this.#child.pid ?? 0)
  }

  async #exchange(source: Buffer, options: CompressOptions): Promise<Decoded> {
    const reply = this.#nextReply()
    const { pid = 0, stdin } = this.#child
    const stopWatching = watch(pid, this.#limits, (reason, error) => this.#kill(reason, error))
    stdin.cork()
    stdin.write(frameStart(options, source.length))
    stdin.write(source)
    stdin.uncork()
    try {
      const frame = await reply
      const compressed = readReply(frame, options.renditions?.length)
      let body: Frame['body'] | null = frame.body
      const dispose = () => {
        if (body) this.#pool.give(body)
        body = null
      }
      return { ...compressed, [Symbol.dispose]: dispose }
    } catch (error) {
      if (!(error instanceof UnreadableReply)) throw error
      this.#kill('crash')
      throw endedDecoder('an unreadable reply', error)
    } finally {
      stopWatching()
    }
  }

  async #nextReply(): Promise<Frame> {
    const reply = Promise.withResolvers<Frame>()
    this.#reply = reply
    this.#hasBegun = false
    if (this.#hasEnded) reply.reject(new DecoderLost())
    return await reply.promise
  }

  #receive(chunk: Buffer): void {
    try {
      for (let at = 0; at < chunk.length; ) {
        const length = chunk.copy(this.#reader.target, 0, at)
        at += length
        const frame = this.#reader.advance(length)
        if (frame) this.#accept(frame)
      }
    } catch (cause) {
      this.#kill('crash', endedDecoder('an unreadable reply', cause))
    }
  }

  /**
   * Throws if nobody waits for it: a decoder that a picture has taken over could send frames without end.
   * Throws before the whole picture was sent, too: its memory is another picture's once there is a reply.
   */
  #accept(frame: Frame): void {
    if (!this.#reply || this.#child.stdin.writableLength > 0) throw new UnreadableReply()
    if (isState(frame, 'begun') && !this.#hasBegun) {
      this.#hasBegun = true
      return
    }
    this.#reply.resolve(frame)
    this.#reply = undefined
  }

  #kill(reason: KillReason, error?: unknown): void {
    if (!this.isAlive) return
    this.#child.kill('SIGKILL')
    // What was not sent must not be: its memory is used again.
    this.#child.stdin.destroy()
    publishKill(this.#child.pid, reason)
    this.#reply?.reject(error)
  }

  #ended(how: string): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    runningDecoders.delete(this.#child.pid ?? 0)
    if (this.#reply && this.#hasBegun && !this.#child.killed) publishKill(this.#child.pid, 'crash')
    const isFault = this.#hasBegun && how !== KILLED_FROM_OUTSIDE
    this.#reply?.reject(isFault ? endedDecoder(how) : new DecoderLost(`A decoder ended: ${how}`))
    this.#exit.resolve()
  }
}
