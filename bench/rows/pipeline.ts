import { parseRenditions } from '../../lib/image/rendition.ts'
import type { Environment, Kind } from '../environment.ts'
import { flow, service } from '../images.ts'
import type { BenchProgram } from '../program.ts'
import type { Loop } from '../programs/sharp-loop.ts'
import type { Row } from '../row.ts'
import type { Sample } from '../sample.ts'
import { imagesOf } from '../size.ts'

const CONCURRENCIES = [1, 2, 3, 4, 6]
/** Twelve hundred images: until then V8 compiles, and a worker takes 25 to 33% of a core, not 17. */
const WARM_UPS = 3

interface Work {
  name: string
  title: string
  kind: Kind
  /** As in the setting of the same name. */
  renditions?: string
  reach: { rate?: number; cpu: number }
}

/** Origin, worker and store, with real servers, against sharp alone on bytes in memory. */
function pipeline({ name, title, kind, renditions: RENDITIONS, reach }: Work): Row {
  const renditions = RENDITIONS ? parseRenditions(RENDITIONS) : []
  const objects = 1 + renditions.length
  return {
    name,
    title,
    baseline: 'a bare sharp loop over the same bytes in memory, at its best concurrency',
    warmUps: WARM_UPS,
    figures: [
      { name: 'rate', unit: 'images/s', ...(reach.rate && { reach: { atLeast: reach.rate } }) },
      { name: 'cpu', unit: 'ms of CPU an image', reach: { atMost: reach.cpu } }
    ],
    async open(environment, size, stack) {
      const images = Math.round(imagesOf(size, kind) / objects)
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
      const concurrency = await best(environment, loop, { images: Math.round(images / 4), renditions })
      const setup = await environment.setup(stack)
      const api = await environment.service('api', 'api', setup, stack)
      const worker = await environment.service('worker', 'worker', setup, stack, {
        ...(RENDITIONS && { RENDITIONS })
      })
      const work = { api, workers: [worker.process], kind, images, objects }
      return {
        baseline: () => bare(environment, loop, { images, concurrency, renditions }),
        ours: () => flow(environment, service(environment, setup, work))
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
async function best(
  environment: Environment,
  loop: BenchProgram,
  work: Omit<Loop, 'concurrency'>
): Promise<number> {
  let fastest = { concurrency: 1, rate: 0 }
  for (const concurrency of CONCURRENCIES) {
    const { rate = 0 } = (await bare(environment, loop, { ...work, concurrency })).values
    if (rate > fastest.rate) fastest = { concurrency, rate }
  }
  return fastest.concurrency
}

export const large = pipeline({
  name: 'pipeline-6mp',
  title: 'pipeline, 6-megapixel images',
  kind: '6mp',
  reach: { rate: 0.85, cpu: 1.2 }
})
export const small = pipeline({
  name: 'pipeline-0.3mp',
  title: 'pipeline, 0.3-megapixel images',
  kind: '0.3mp',
  reach: { rate: 0.7, cpu: 1.4 }
})

const THUMB = 'thumb:200x200,fit=cover,format=webp'

export const oneRendition = pipeline({
  name: 'renditions-1',
  title: 'pipeline, 6-megapixel images with a WebP thumbnail',
  kind: '6mp',
  renditions: THUMB,
  reach: { cpu: 1.15 }
})
export const threeRenditions = pipeline({
  name: 'renditions-3',
  title: 'pipeline, 6-megapixel images with a WebP thumbnail, AVIF of 800 and WebP of 1600 pixels',
  kind: '6mp',
  renditions: `${THUMB};large:800x,format=avif;wide:1600x,format=webp`,
  reach: { cpu: 1.15 }
})
