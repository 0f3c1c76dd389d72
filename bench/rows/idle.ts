import { create } from '../images.ts'
import { latency } from '../latency.ts'
import type { Row } from '../row.ts'

export const IMAGES_A_ROUND = 15
/** Ninety images. The first fifteen take 1.69 times the bare call, the sixth fifteen 1.58, then it stays. */
export const WARM_UPS = 6

/** From the POST to the event that says the image is there, with nothing else to do. */
export const row: Row = {
  name: 'idle',
  title: 'POST → done on an idle system, one 6-megapixel image, p50',
  baseline: 'the bare sharp call on it',
  warmUps: WARM_UPS,
  figures: [{ name: 'milliseconds', unit: 'ms', reach: { atMost: 1.6 } }],
  async open(environment, _size, stack) {
    const [loop] = await environment.program(
      'bare sharp',
      'sharp-loop.ts',
      environment.pictures('6mp'),
      stack
    )
    const setup = await environment.setup(stack)
    const api = await environment.service('api', 'api', setup, stack)
    await environment.service('worker', 'worker', setup, stack)
    return {
      baseline: () => latency(environment, IMAGES_A_ROUND, () => loop.ask({ images: 1, concurrency: 1 })),
      ours: () =>
        latency(environment, IMAGES_A_ROUND, async (index) => {
          const id = await create(api.url, [environment.imageUrl('6mp', `idle-${index}`)])
          const events = await fetch(`${api.url}/api/v1/products/${id}/events`)
          // The stream ends when no image is pending.
          if (!(await events.text()).includes('"image_status":"done"'))
            throw new Error(`Product ${id} is not done`)
        })
    }
  }
}
