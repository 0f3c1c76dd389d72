import { availableParallelism, totalmem } from 'node:os'
import t, { type Test } from 'tap'
import { capacityOf, uploadsOf } from '../../../lib/pipeline/capacity.ts'

const MB = 1024 * 1024

const settings = { maxSourceBytes: 25 * MB }

/** As the machine or the container says. */
function memory(t: Test, bytes: number): void {
  t.intercept(process, 'constrainedMemory', { value: () => bytes })
}

t.test('a machine with memory to spare compresses one image more than it has cores', (t) => {
  memory(t, 0)
  const { compress } = capacityOf(settings)
  t.equal(compress, Math.min(availableParallelism() + 1, Math.floor(totalmem() / (150 * MB))))
  t.end()
})

t.test('a container with little memory compresses fewer images than it has cores', (t) => {
  memory(t, 200 * MB)
  t.strictSame(capacityOf(settings), { compress: 1, inFlight: 2 })
  t.end()
})

t.test('downloads of the largest size take no more than a quarter of the memory', (t) => {
  memory(t, 1000 * MB)
  t.strictSame(capacityOf({ ...settings, concurrency: 2 }), { compress: 2, inFlight: 10 })
  t.end()
})

t.test('no core needs more downloads than keep it busy', (t) => {
  memory(t, totalmem())
  t.strictSame(capacityOf({ concurrency: 1, maxSourceBytes: 1024 }), {
    compress: 1,
    inFlight: 16
  })
  t.end()
})

t.test('a concurrency that is set is used, whatever the memory', (t) => {
  memory(t, 64 * MB)
  t.strictSame(capacityOf({ ...settings, concurrency: 3 }), { compress: 3, inFlight: 6 })
  t.end()
})

t.test('with renditions fewer images are uploaded at once, and not more objects', (t) => {
  const capacity = { compress: 3, inFlight: 48 }
  t.equal(uploadsOf(capacity, 0), 48)
  t.equal(uploadsOf(capacity, 1), 24)
  t.equal(uploadsOf(capacity, 10), 4)
  t.equal(uploadsOf(capacity, 0, 8), 8)
  t.equal(uploadsOf(capacity, 10, 8), 1)
  t.end()
})
