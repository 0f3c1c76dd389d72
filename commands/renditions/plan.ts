import type { FastifyInstance } from 'fastify'
import type { Config } from '../../lib/config/config.ts'
import { countOutdated } from '../../lib/products/outdated.ts'
import { measure } from './sample.ts'

/** Prints what `apply` would do. Stores nothing, but makes some of the images to know their cost. */
export async function plan(app: FastifyInstance, config: Config): Promise<void> {
  const { done, outdated, redefined, withoutOriginal, withGone, gone } = await countOutdated(
    app.pg.pool,
    config.images
  )
  console.log(`Images that are done: ${count(done)}`)
  console.log(`To make again: ${count(outdated)} (${count(redefined)} have a rendition by an old definition)`)
  if (gone > 0)
    console.log(`Renditions that are no longer defined: ${count(gone)} of ${count(withGone)} images`)
  if (outdated === 0) return
  const { renditions, keepOriginals } = config.images
  const originals = keepOriginals ? withoutOriginal : 0
  const objects = outdated * (1 + renditions.length) + originals
  console.log(`Objects to store: ${count(objects)}, with as many PUTs`)
  const { images, bytes, cpuSeconds, reason } = await measure(app, config)
  if (images === 0) return console.log(`Bytes and CPU time are not known: no image could be made (${reason})`)
  const mean = `means of ${images} of them, made now and not stored`
  console.log(`Bytes: ${megabytes(bytes * outdated)} MB without originals (${mean})`)
  console.log(`CPU time of decoders: ${(cpuSeconds * outdated).toFixed(1)} s (the same images)`)
}

const count = (number: number) => number.toLocaleString('en')
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
