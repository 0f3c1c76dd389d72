import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { onQuestion, options, say } from './child.ts'

/** `images` pictures, so many at once. */
export interface Loop {
  images: number
  concurrency: number
}

// As the product sets them.
sharp.concurrency(1)
sharp.cache(false)

const pictures = options<string[]>().map((path) => readFileSync(path))

/** The product's settings, and nothing else around them. */
function fit(picture: Buffer): Promise<Buffer> {
  return sharp(picture, { autoOrient: true, failOn: 'warning' })
    .resize(800, 600, { fit: 'inside', withoutEnlargement: true })
    .flatten({ background: 'white' })
    .jpeg({ quality: 75 })
    .toBuffer()
}

onQuestion<Loop>(async ({ images, concurrency }) => {
  let next = 0
  const lane = async () => {
    for (let at = next++; at < images; at = next++) {
      const picture = pictures[at % pictures.length]
      if (picture) await fit(picture)
    }
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: concurrency }, lane))
  return { seconds: (performance.now() - started) / 1000 }
})
say('ready')
