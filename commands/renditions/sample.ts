import type { FastifyInstance } from 'fastify'
import type { Config } from '../../lib/config/config.ts'
import { runningDecoders } from '../../lib/decoder/diagnostics.ts'
import { usageOf } from '../../lib/decoder/usage.ts'
import { reasonOf } from '../../lib/log/log.ts'
import { imageTools } from '../../lib/pipeline/image-tools.ts'
import { sampleOutdated } from '../../lib/products/outdated.ts'
import type { ImageRow } from '../../lib/products/record.ts'

const IMAGES = 8

export interface Means {
  images: number
  /** Of all results of an image. */
  bytes: number
  /** Of decoders for an image; where the system does not say, the time that decoding took. */
  cpuSeconds: number
  /** Why an image could not be made. */
  reason: string
}

/** Makes some of the outdated images, and stores nothing. */
export async function measure({ pg, objects }: FastifyInstance, config: Config): Promise<Means> {
  const tools = imageTools(config, objects, { connectionsPerOrigin: 1, decodes: 1 })
  const { signal } = new AbortController()
  const made: { bytes: number; cpuSeconds: number }[] = []
  let reason = ''
  try {
    for (const image of await sampleOutdated(pg.pool, config.images, IMAGES)) {
      await make(tools, image, signal).then(
        (one) => made.push(one),
        (error) => {
          reason = reasonOf(error)
        }
      )
    }
  } finally {
    await tools.close()
  }
  // A decoder's first picture takes CPU time of its own.
  const warm = made.length > 1 ? made.slice(1) : made
  return {
    images: made.length,
    bytes: mean(made.map(({ bytes }) => bytes)),
    cpuSeconds: mean(warm.map(({ cpuSeconds }) => cpuSeconds)),
    reason
  }
}

async function make(
  { downloader, decoder, readOriginal }: ReturnType<typeof imageTools>,
  { source_url, original }: Pick<ImageRow, 'source_url' | 'original'>,
  signal: AbortSignal
) {
  const stored = original && (await readOriginal?.(original.key, signal))
  using source = stored ?? (await downloader.download(source_url, signal))
  let begun = 0
  const { jpeg, renditions } = await decoder.compress(source.bytes, signal, () => {
    begun = decodingSeconds()
  })
  const bytes = renditions.reduce((sum, rendition) => sum + rendition.bytes.length, jpeg.length)
  return { bytes, cpuSeconds: decodingSeconds() - begun }
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** There is one decoder at most. */
function decodingSeconds(): number {
  const [pid = 0] = runningDecoders
  return usageOf(pid)?.cpuSeconds ?? performance.now() / 1000
}
