import type { Environment, Kind } from '../environment.ts'
import { flow, service } from '../images.ts'
import type { BenchProgram } from '../program.ts'
import type { Loop } from '../programs/sharp-loop.ts'
import type { Row } from '../row.ts'
import type { Sample } from '../sample.ts'

const CONCURRENCIES = [1, 2, 3, 4, 6]
/** Small pictures go through this many times as fast. */
const SMALL = 8

/** Origin, worker and store, with real servers, against sharp alone on bytes in memory. */
function pipeline(kind: Kind, title: string, reach: { rate: number; cpu: number }): Row {
  return {
    name: `pipeline-${kind}`,
    title,
    ceiling: 'a bare sharp loop over the same bytes in memory, at its best concurrency',
    figures: [
      { name: 'rate', unit: 'images/s', reach: { atLeast: reach.rate } },
      { name: 'cpu', unit: 'ms of CPU an image', reach: { atMost: reach.cpu } }
    ],
    async open(environment, size, stack) {
      const images = kind === '6mp' ? size.images : size.images * SMALL
      const [loop] = await environment.program(
        'bare sharp',
        'sharp-loop.ts',
        environment.pictures(kind),
        stack,
        {
          MALLOC_ARENA_MAX: '2',
          UV_THREADPOOL_SIZE: '8'
        }
      )
      const concurrency = await best(environment, loop, images / 4)
      const setup = await environment.setup(stack)
      const api = await environment.service('api', 'api', setup, stack)
      const worker = await environment.service('worker', 'worker', setup, stack)
      return {
        ceiling: () => bare(environment, loop, { images, concurrency }),
        ours: () =>
          flow(environment, service(environment, setup, { api, workers: [worker.process], kind, images }))
      }
    }
  }
}

async function bare(environment: Environment, loop: BenchProgram, question: Loop): Promise<Sample> {
  const close = environment.accounts.open()
  const before = loop.usage().cpuSeconds
  const { seconds } = await loop.ask<{ seconds: number }>(question)
  const cpu = loop.usage().cpuSeconds - before
  return { values: { rate: question.images / seconds, cpu: (cpu * 1000) / question.images }, usage: close() }
}

/** The concurrency at which the bare loop is fastest on this machine. */
async function best(environment: Environment, loop: BenchProgram, images: number): Promise<number> {
  let fastest = { concurrency: 1, rate: 0 }
  for (const concurrency of CONCURRENCIES) {
    const { rate = 0 } = (await bare(environment, loop, { images, concurrency })).values
    if (rate > fastest.rate) fastest = { concurrency, rate }
  }
  return fastest.concurrency
}

export const large = pipeline('6mp', 'pipeline, 6-megapixel images', { rate: 0.85, cpu: 1.2 })
export const small = pipeline('0.3mp', 'pipeline, 0.3-megapixel images', { rate: 0.5, cpu: 1.8 })
