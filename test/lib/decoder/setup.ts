import { join } from 'node:path'
import type { Test } from 'tap'
import { Decoder, type DecoderOptions } from '../../../lib/decoder/decoder.ts'
import { type DecoderKilled, isDecoderKilled, kills } from '../../../lib/decoder/diagnostics.ts'
import { photo } from '../../support/pictures/pictures.ts'

export const UNRULY = join(import.meta.dirname, '../../support/decoder/unruly.ts')
export const MB = 1024 * 1024
export const onLinux = { skip: process.platform !== 'linux' && 'needs /proc' }

export const picture = await photo({ width: 64, height: 48 })
const never = new AbortController().signal

export function unruly(t: Test, options: Partial<DecoderOptions> = {}) {
  const decoder = new Decoder({ maxPixels: 1_000_000, concurrency: 1, entry: UNRULY, ...options })
  t.teardown(() => decoder.close())
  const order = (command: string | Buffer, signal = never) => decoder.compress(Buffer.from(command), signal)
  return { decoder, order }
}

export function killsOf(t: Test): DecoderKilled[] {
  const seen: DecoderKilled[] = []
  const listen = (message: unknown) => void (isDecoderKilled(message) && seen.push(message))
  kills.subscribe(listen)
  t.teardown(() => kills.unsubscribe(listen))
  return seen
}

export async function failure(work: Promise<unknown>) {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error
  )
  return error instanceof Error ? { ...error, message: error.message } : error
}
