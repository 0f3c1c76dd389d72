import { cpuSeconds } from '../accounts.ts'
import { flow } from '../images.ts'
import type { Member } from '../member.ts'
import type { Loop } from '../programs/sharp-loop.ts'
import type { Row, Sample } from '../row.ts'
import type { Kind, World } from '../world.ts'

const CONCURRENCIES = [1, 2, 3, 4, 6]
/** Small pictures go through this many times as fast. */
const SMALL = 8

/** Origin, worker, store; RabbitMQ and PostgreSQL are real. Against sharp alone on bytes that lie in memory. */
function pipeline(kind: Kind, title: string, reach: { rate: number; cpu: number }): Row {
  return {
    name: `pipeline-${kind}`,
    title,
    ceiling: 'a bare sharp loop over the same bytes in memory, at its best concurrency',
    figures: [
      { name: 'rate', unit: 'images/s', reach: { atLeast: reach.rate } },
      { name: 'cpu', unit: 'ms of CPU an image', reach: { atMost: reach.cpu } }
    ],
    async open(world, size, stack) {
      const images = kind === '6mp' ? size.images : size.images * SMALL
      const [loop] = await world.program('bare sharp', 'sharp-loop.ts', world.pictures[kind], stack, {
        MALLOC_ARENA_MAX: '2',
        UV_THREADPOOL_SIZE: '8'
      })
      const concurrency = await best(world, loop, images / 4)
      const estate = await world.estate(stack)
      const api = await world.product('api', 'api', estate, stack)
      const worker = await world.product('worker', 'worker', estate, stack)
      return {
        ceiling: () => bare(world, loop, { images, concurrency }),
        ours: () => flow(world, estate, { api, workers: [worker.member], kind, images })
      }
    }
  }
}

async function bare(world: World, loop: Member, question: Loop): Promise<Sample> {
  const close = world.accounts.open()
  const before = cpuSeconds(loop.pid)
  const { seconds } = await loop.ask<{ seconds: number }>(question)
  const cpu = cpuSeconds(loop.pid) - before
  return { values: { rate: question.images / seconds, cpu: (cpu * 1000) / question.images }, usage: close() }
}

/** The concurrency at which the bare loop is fastest on this machine. */
async function best(world: World, loop: Member, images: number): Promise<number> {
  let fastest = { concurrency: 1, rate: 0 }
  for (const concurrency of CONCURRENCIES) {
    const { rate = 0 } = (await bare(world, loop, { images, concurrency })).values
    if (rate > fastest.rate) fastest = { concurrency, rate }
  }
  return fastest.concurrency
}

export const large = pipeline('6mp', 'pipeline, 6-megapixel images', { rate: 0.85, cpu: 1.15 })
export const small = pipeline('0.3mp', 'pipeline, 0.3-megapixel images', { rate: 0.5, cpu: 1.8 })
