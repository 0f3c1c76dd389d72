import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Compressed, CompressOptions } from '../compress.ts'
import { ImageError } from '../image/error.ts'
import { type Frame, FrameReader, frameStart } from './frame.ts'
import type { Reply } from './reply.ts'

type Compress = (source: Buffer, options: CompressOptions) => Promise<Compressed>

const [INPUT, OUTPUT] = [0, 1]

/**
 * Sources up to this size are read into one buffer again and again: 78 instead of 95 MB resident for 6
 * megapixels.
 */
const KEPT_BYTES = 8 * 1024 * 1024

let kept = Buffer.alloc(0)

/**
 * Compresses the pictures that come over the pipe, one after the other. The end of the pipe ends this
 * process.
 */
export function compressForParent(compress: Compress): void {
  // A stop is the parent's decision: it may still wait for a picture.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  const reader = new FrameReader(memory)
  const receive = (length: number) => {
    const frame = reader.advance(length)
    if (frame) void handle(frame, compress)
    return true
  }
  // Straight into the memory of a frame: a stream would copy each picture, and leave garbage of its size.
  const onread = { buffer: () => reader.target, callback: receive }
  new Socket({ fd: INPUT, writable: false, onread }).on('end', end).on('error', end)
  write({ state: 'ready' })
}

async function handle({ head, body }: Frame, compress: Compress): Promise<void> {
  write({ state: 'begun' })
  try {
    const { jpeg, renditions, ...result } = await compress(body, head as CompressOptions)
    const sizes = renditions.map(({ bytes, ...size }) => ({ ...size, length: bytes.length }))
    write({ ...result, renditions: sizes }, jpeg, ...renditions.map(({ bytes }) => bytes))
  } catch (error) {
    write(error instanceof ImageError ? failure(error) : { fault: String(error) })
  }
}

const failure = ({ code, message, cause }: ImageError) => ({
  code,
  message,
  cause: cause instanceof Error ? cause.message : ''
})

function memory(length: number): Buffer<ArrayBuffer> {
  if (length > KEPT_BYTES) return Buffer.allocUnsafeSlow(length)
  if (length > kept.length) kept = Buffer.allocUnsafeSlow(length)
  return kept.subarray(0, length)
}

/** Ends at once: `process.exit` would wait for the thread that decodes. */
function end(): void {
  process.kill(process.pid, 'SIGKILL')
}

function write(reply: Reply, ...body: Uint8Array[]): void {
  const length = body.reduce((sum, part) => sum + part.length, 0)
  for (const bytes of [frameStart(reply, length), ...body]) {
    for (let at = 0; at < bytes.length; ) at += writeSync(OUTPUT, bytes, at)
  }
}
