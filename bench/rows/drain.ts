import { createImages, untilDone } from '../images.ts'
import type { Row } from '../row.ts'
import type { Sample } from '../sample.ts'

/** During the first of these the worker is still warming up: they are not measured. */
const WARM_SHARE = 0.1

export const drain: Row = {
  name: 'drain',
  title: 'images/s draining a long backlog, last quarter',
  baseline: 'the first quarter',
  figures: [{ name: 'rate', unit: 'images/s', reach: { atLeast: 0.97 } }],
  rounds: () => 1,
  whole: true,
  async open(environment, { drained }, stack) {
    const setup = await environment.setup(stack)
    const api = await environment.service('api', 'api', setup, stack)
    let first: Sample | undefined
    let last: Sample | undefined
    const run = async () => {
      const warm = Math.round(drained * WARM_SHARE)
      await environment.resetArrivals()
      // All of them are due before the worker starts.
      await createImages(environment, api, '0.3mp', drained + warm)
      await environment.service('worker', 'worker', setup, stack)
      const quarter = Math.floor(drained / 4)
      const measure = async (from: number, to: number) => {
        await environment.arrivals(from)
        const close = environment.accounts.open()
        const times = await environment.arrivals(to)
        const seconds = ((times[to - 1] ?? 0) - (times[from - 1] ?? 0)) / 1000
        return { values: { rate: (to - from) / seconds }, usage: close() }
      }
      first = await measure(warm, warm + quarter)
      last = await measure(warm + drained - quarter, warm + drained)
      await untilDone(setup)
    }
    const half = (sample: () => Sample | undefined) => async () => {
      const measured = sample() ?? (await run().then(sample))
      if (!measured) throw new Error('Nothing was measured')
      return measured
    }
    return { baseline: half(() => first), ours: half(() => last) }
  }
}

/** The early life of a worker is its first tenth. */
export const lifetime: Row = {
  name: 'memory',
  title: 'resident memory of a worker at the end of its run',
  baseline: 'after the first tenth of it',
  figures: [{ name: 'memory', unit: 'MB', reach: { atMost: 1.03 }, limit: 350 }],
  rounds: () => 1,
  whole: true,
  async open(environment, { lifetime: images }, stack) {
    const setup = await environment.setup(stack)
    const api = await environment.service('api', 'api', setup, stack)
    const { process } = await environment.service('worker', 'worker', setup, stack)
    let close = environment.accounts.open()
    const after = async (count: number): Promise<Sample> => {
      await environment.arrivals(count)
      const usage = close()
      close = environment.accounts.open()
      return { values: { memory: process.residentBytes() / 1_000_000 }, usage }
    }
    return {
      async baseline() {
        await environment.resetArrivals()
        await createImages(environment, api, '6mp', images)
        return after(images / 10)
      },
      async ours() {
        const sample = await after(images * 0.99)
        await untilDone(setup)
        return sample
      }
    }
  }
}
