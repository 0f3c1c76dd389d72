import { flow } from '../images.ts'
import type { Row } from '../row.ts'

/** Each worker compresses one image at a time, so it fills one core. */
const ONE_CORE = { WORKER_CONCURRENCY: '1' }

export const row: Row = {
  name: 'scale',
  title: 'images/s of two workers, one image at a time each',
  ceiling: 'one such worker',
  figures: [{ name: 'rate', unit: 'images/s', reach: { atLeast: 2 } }],
  async open(world, { images }, stack) {
    const estate = await world.estate(stack)
    const api = await world.product('api', 'api', estate, stack)
    const measure = (count: number) => async () => {
      await using workers = new AsyncDisposableStack()
      const members = []
      for (let number = 1; number <= count; number++) {
        members.push((await world.product(`worker ${number}`, 'worker', estate, workers, ONE_CORE)).member)
      }
      return await flow(world, estate, { api, workers: members, kind: '6mp', images })
    }
    return { ceiling: measure(1), ours: measure(2) }
  }
}
