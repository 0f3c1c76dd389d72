import { availableParallelism } from 'node:os'
import t from 'tap'
import { missingNativeSettings } from '../../../lib/pipeline/runtime-flags.ts'

const threads = String(availableParallelism() + 1 + 4)
const HEAP = '--max-semi-space-size=8'

t.test('what nobody has set is set for a process that makes images', async (t) => {
  t.strictSame(missingNativeSettings({ ROLE: 'worker', HOME: '/' }), {
    ROLE: 'worker',
    HOME: '/',
    MALLOC_ARENA_MAX: '2',
    UV_THREADPOOL_SIZE: threads,
    NODE_OPTIONS: HEAP
  })
})

t.test('as many threads as images at once, and some for others', async (t) => {
  t.match(missingNativeSettings({ WORKER_CONCURRENCY: '7' }), { UV_THREADPOOL_SIZE: '11' })
})

t.test('what somebody has set stays', async (t) => {
  const set = { MALLOC_ARENA_MAX: '1', NODE_OPTIONS: '--max-semi-space-size=32 --trace-gc' }
  t.strictSame(missingNativeSettings(set), { ...set, UV_THREADPOOL_SIZE: threads })
  t.match(missingNativeSettings({ NODE_OPTIONS: '--trace-gc' }), { NODE_OPTIONS: `--trace-gc ${HEAP}` })
})

t.test('nothing is missing the second time, nor where no images are made', async (t) => {
  t.equal(missingNativeSettings(missingNativeSettings({}) ?? {}), null)
  t.equal(missingNativeSettings({ ROLE: 'api' }), null)
})
