import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { asJpeg, encoded } from '../../lib/image/encode.ts'
import type { Rendition } from '../../lib/image/rendition.ts'
import { onQuestion, options, say } from './child.ts'

/** `images` pictures, so many at once, each in 800x600 and in the renditions. */
export interface Loop {
  images: number
  concurrency: number
  renditions?: Rendition[]
}

// As the product sets them.
sharp.concurrency(1)
sharp.cache(false)

const pictures = options<string[]>().map((path) => readFileSync(path))

const BOX = { width: 800, height: 600, fit: 'inside' } as const

/** One decode, the product's encoders, and nothing else around them. */
async function make(picture: Buffer, renditions: Rendition[]): Promise<void> {
  const source = sharp(picture, { autoOrient: true, failOn: 'warning' })
  const [widest] = renditions.map(({ width = 0 }) => width).sort((one, other) => other - one)
  const box = widest && widest > BOX.width ? { width: widest } : BOX
  const decoded = source.resize({ ...box, withoutEnlargement: true })
  if (renditions.length === 0) return void (await asJpeg(decoded, 'turbo').toBuffer())
  const { data, info: raw } = await decoded.raw().toBuffer({ resolveWithObject: true })
  await asJpeg(sharp(data, { raw }).resize(BOX), 'turbo').toBuffer()
  for (const rendition of renditions) {
    const { width, height, fit } = rendition
    await encoded(sharp(data, { raw }).resize({ width, height, fit }), rendition).toBuffer()
  }
}

let next = 0

onQuestion<Loop>(async ({ images, concurrency, renditions = [] }) => {
  const end = next + images
  const lane = async () => {
    while (next < end) {
      const picture = pictures[next++ % pictures.length]
      if (picture) await make(picture, renditions)
    }
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: concurrency }, lane))
  return { seconds: (performance.now() - started) / 1000 }
})
say('ready')
