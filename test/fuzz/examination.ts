import type { Compressed } from '../../lib/compress.ts'
import { Decoder } from '../../lib/decoder/decoder.ts'
import { decodersMemory, isDecoderKilled, kills } from '../../lib/decoder/diagnostics.ts'
import { ImageError } from '../../lib/image/error.ts'
import { type Mutant, mutants } from './mutants.ts'

const EXPECTED = ['unsupported_format', 'corrupt_image', 'too_many_pixels']
const LIMITS = { maxPixels: 52_000_000, width: 800, height: 600 }

export interface Finding extends Mutant {
  outcome: string
}

export interface Report {
  /** How many files ended in which way. */
  outcomes: Record<string, number>
  /** How many decoders were killed, by reason. */
  kills: Record<string, number>
  /** Files that ended in no way that was promised, or that ended their decoder. */
  findings: Finding[]
  seconds: number
  /** Megabytes of all decoders: after the first tenth of the files, at the peak and at the end. */
  memory: { early: number; peak: number; end: number }
}

/** Sends `count` mutants of that seed through fenced decoders, `concurrency` at once. */
export async function examine(seed: number, count: number, concurrency = 2): Promise<Report> {
  const decoder = new Decoder({ maxPixels: LIMITS.maxPixels, concurrency })
  const report: Report = {
    outcomes: {},
    kills: {},
    findings: [],
    seconds: 0,
    memory: { early: 0, peak: 0, end: 0 }
  }
  const countKill = (message: unknown) => {
    if (isDecoderKilled(message)) increment(report.kills, message.reason)
  }
  kills.subscribe(countKill)
  const supply = mutants(seed)
  const sizes: number[] = []
  const start = performance.now()

  async function lane(): Promise<void> {
    while (count-- > 0) {
      const { value: mutant } = await supply.next()
      const outcome = await outcomeOf(decoder.compress(mutant.file, new AbortController().signal))
      increment(report.outcomes, outcome)
      if (!['compressed', ...EXPECTED].includes(outcome)) report.findings.push({ ...mutant, outcome })
      sizes.push(Math.round(decodersMemory() / 1e6))
    }
  }

  await Promise.all(Array.from({ length: concurrency }, lane))
  report.seconds = (performance.now() - start) / 1000
  report.memory = {
    early: sizes[Math.floor(sizes.length / 10)] ?? 0,
    peak: Math.max(...sizes),
    end: sizes.at(-1) ?? 0
  }
  kills.unsubscribe(countKill)
  await decoder.close()
  return report
}

/** Resolves with `compressed`, the code of an ImageError, or what should never be. */
async function outcomeOf(compressed: Promise<Compressed>): Promise<string> {
  try {
    const { jpeg, width, height } = await compressed
    const isWhole = jpeg.readUInt16BE(0) === 0xffd8 && jpeg.readUInt16BE(jpeg.length - 2) === 0xffd9
    const fits = width > 0 && width <= LIMITS.width && height > 0 && height <= LIMITS.height
    return isWhole && fits
      ? 'compressed'
      : `broken promise: a JPEG of ${jpeg.length} bytes, ${width}x${height}`
  } catch (error) {
    if (!(error instanceof ImageError) || error.transient) return `broken promise: ${error}`
    const endedDecoder = /its decoder|Decoding the image/.test(error.message)
    return endedDecoder ? `killed: ${error.message}` : error.code
  }
}

function increment(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}
