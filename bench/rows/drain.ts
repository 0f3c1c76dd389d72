import { residentBytes } from '../accounts.ts'
import { createImages, untilDone } from '../images.ts'
import type { Row, Sample } from '../row.ts'

/** Within the first of these the worker is still warming up, and nothing is said of it. */
const WARM_SHARE = 0.1

export const drain: Row = {
  name: 'drain',
  title: 'images/s draining a long queue, last quarter',
  ceiling: 'the first quarter',
  figures: [{ name: 'rate', unit: 'images/s', reach: { atLeast: 0.97 } }],
  rounds: () => 1,
  whole: true,
  async open(world, { drained }, stack) {
    const estate = await world.estate(stack)
    const api = await world.product('api', 'api', estate, stack)
    let first: Sample | undefined
    let last: Sample | undefined
    const run = async () => {
      const warm = Math.round(drained * WARM_SHARE)
      await world.forgetArrivals()
      // All of them lie in the queue before the worker starts.
      await createImages(world, api, '0.3mp', drained + warm)
      await untilPublished()
      await world.product('worker', 'worker', estate, stack)
      const quarter = Math.floor(drained / 4)
      const measure = async (from: number, to: number) => {
        await world.arrivals(from)
        const close = world.accounts.open()
        const times = await world.arrivals(to)
        const seconds = ((times[to - 1] ?? 0) - (times[from - 1] ?? 0)) / 1000
        return { values: { rate: (to - from) / seconds }, usage: close() }
      }
      first = await measure(warm, warm + quarter)
      last = await measure(warm + drained - quarter, warm + drained)
      await untilDone(estate)
    }
    const untilPublished = async () => {
      const owed = 'SELECT FROM outbox LIMIT 1'
      while ((await estate.query(owed)).length > 0) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const half = (sample: () => Sample | undefined) => async () => {
      const measured = sample() ?? (await run().then(sample))
      if (!measured) throw new Error('Nothing was measured')
      return measured
    }
    return { ceiling: half(() => first), ours: half(() => last) }
  }
}

/** The early life of a worker is its first tenth. */
export const lifetime: Row = {
  name: 'memory',
  title: 'resident memory of a worker at the end of its run',
  ceiling: 'after the first tenth of it',
  figures: [{ name: 'memory', unit: 'MB', reach: { atMost: 1.05 }, most: 300 }],
  rounds: () => 1,
  whole: true,
  async open(world, { lifetime: images }, stack) {
    const estate = await world.estate(stack)
    const api = await world.product('api', 'api', estate, stack)
    const { member } = await world.product('worker', 'worker', estate, stack)
    let close = world.accounts.open()
    const after = async (count: number): Promise<Sample> => {
      await world.arrivals(count)
      const usage = close()
      close = world.accounts.open()
      return { values: { memory: residentBytes(member.pid) / 1_000_000 }, usage }
    }
    return {
      async ceiling() {
        await world.forgetArrivals()
        await createImages(world, api, '6mp', images)
        return after(images / 10)
      },
      async ours() {
        const sample = await after(images * 0.99)
        await untilDone(estate)
        return sample
      }
    }
  }
}
