import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../lib/config/config.ts'
import {
  countOutdated,
  countRemakes,
  outdatedProducts,
  productsToPrune
} from '../../lib/products/outdated.ts'
import { pruneRenditions, remakeOutdated } from '../../lib/products/outdated-changes.ts'

/** These are changed at once. */
const PRODUCTS_A_PAGE = 16
/** A pause does not stop images that are enqueued, so there should not be more. */
const MAX_ENQUEUED = 1000
const LOOK_EVERY_MS = 500

/**
 * Enqueues the outdated images as bulk work, not many more than are made meanwhile. Ctrl-C pauses: a later
 * run enqueues what is left.
 */
export async function apply(app: FastifyInstance, config: Config, prune: boolean): Promise<void> {
  const { pool } = app.pg
  const wanted = config.images
  const { outdated } = await countOutdated(pool, wanted)
  const pause = new AbortController()
  process.once('SIGINT', () => pause.abort())
  console.log(`Images to enqueue: ${outdated}. Ctrl-C pauses.`)
  // PGlite has one process at a time: the images are made when the service runs again.
  const isAlone = config.database === null
  const remakes = async () => (isAlone ? 0 : await countRemakes(pool))
  let enqueued = 0

  async function untilFewer(than: number): Promise<void> {
    for (;;) {
      const left = await remakes()
      show(`${enqueued} of ${outdated} images enqueued, ${left} being made`)
      if (left < than || pause.signal.aborted) return
      await wait(LOOK_EVERY_MS, undefined, { signal: pause.signal }).catch(() => undefined)
    }
  }

  for await (const ids of outdatedProducts(pool, wanted, PRODUCTS_A_PAGE)) {
    await untilFewer(MAX_ENQUEUED)
    if (pause.signal.aborted) break
    const counts = await Promise.all(
      ids.map((id) => app.products.background.act(id, (record) => remakeOutdated(record, wanted)))
    )
    enqueued += counts.reduce((sum, count) => sum + count, 0)
  }
  await untilFewer(1)
  show('')
  console.log(`Images enqueued: ${enqueued} of ${outdated}`)
  if (pause.signal.aborted) return console.log('Paused. Run the command again to go on.')
  if (isAlone) console.log('They are made when the service runs.')
  else console.log(`Still to make, as their sources fail: ${(await countOutdated(pool, wanted)).outdated}`)
  if (prune)
    console.log(`Images without renditions that are no longer defined: ${await pruneAll(app, config)}`)
}

async function pruneAll({ pg, products }: FastifyInstance, { images }: Config): Promise<number> {
  const names = images.renditions.map(({ name }) => name)
  let pruned = 0
  for await (const ids of productsToPrune(pg.pool, images, PRODUCTS_A_PAGE)) {
    const counts = await Promise.all(
      ids.map((id) => products.background.act(id, (record) => pruneRenditions(record, names)))
    )
    pruned += counts.reduce((sum, count) => sum + count, 0)
  }
  return pruned
}

/** At a terminal only. */
function show(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`)
}
