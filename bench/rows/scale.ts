import { flow, service } from '../images.ts'
import type { Row } from '../row.ts'

/** Each worker compresses one image at a time, so it fills one core. */
const ONE_CORE = { WORKER_CONCURRENCY: '1' }

export const row: Row = {
  name: 'scale',
  title: 'images/s of two workers, one image at a time each',
  baseline: 'one such worker',
  figures: [{ name: 'rate', unit: 'images/s', reach: { atLeast: 2 } }],
  async open(environment, { images }, stack) {
    const setup = await environment.setup(stack)
    const api = await environment.service('api', 'api', setup, stack)
    const measure = (count: number) => async () => {
      await using workers = new AsyncDisposableStack()
      const processes = []
      for (let number = 1; number <= count; number++) {
        const worker = await environment.service(`worker ${number}`, 'worker', setup, workers, ONE_CORE)
        processes.push(worker.process)
      }
      const side = service(environment, setup, { api, workers: processes, kind: '6mp', images })
      return await flow(environment, side)
    }
    return { baseline: measure(1), ours: measure(2) }
  }
}
