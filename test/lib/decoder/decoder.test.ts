import { mock } from 'node:test'
import { setImmediate as immediate, setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { runningDecoders } from '../../../lib/decoder/diagnostics.ts'
import { photo } from '../../support/pictures/pictures.ts'
import { failure, killsOf, MB, onLinux, picture, unruly } from './setup.ts'

t.setTimeout(300_000)

t.test('a picture comes back compressed, and what is wrong with one is said as in the process', async (t) => {
  const { order } = unruly(t)
  t.match(await order(picture), { width: 64, height: 48, jpeg: Buffer })
  t.match(await failure(order('GIF89a and nothing')), { code: 'corrupt_image', transient: false })
  t.match(await failure(order(await photo({ width: 2000, height: 1000 }))), { code: 'too_many_pixels' })
  t.match(await order(picture), { width: 64, height: 48 }, 'with the same decoder')
  t.equal(runningDecoders.size, 1)
})

t.test(
  'a result keeps its bytes until it is disposed of; then another picture has their memory',
  async (t) => {
    const { order } = unruly(t)
    const kept = await order(picture)
    const bytes = Buffer.from(kept.jpeg)
    const given = await order(await photo({ width: 100, height: 80 }))
    t.not(given.jpeg.buffer, kept.jpeg.buffer)
    t.ok(kept.jpeg.equals(bytes))
    given[Symbol.dispose]()
    const next = await order(picture)
    t.equal(next.jpeg.buffer, given.jpeg.buffer)
    t.ok(next.jpeg.equals(bytes))
    next[Symbol.dispose]()
    next[Symbol.dispose]()
    const [one, other] = [await order(picture), await order(picture)]
    t.not(one.jpeg.buffer, other.jpeg.buffer, 'it is given back once')
  }
)

t.test('of decoders that have nothing to do one is kept', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const { order } = unruly(t, { concurrency: 3 })
  await Promise.all([order(picture), order(picture), order(picture)])
  t.equal(runningDecoders.size, 3)
  mock.timers.tick(5000)
  while (runningDecoders.size > 1) await immediate()
  mock.timers.tick(20_000)
  t.match(await order(picture), { width: 64, height: 48 })
  t.equal(runningDecoders.size, 1)
})

const CASES = [
  ['crash', 'corrupt_image', 'crash', /ended its decoder \((SIGABRT|SIGTRAP)\).*save it with/],
  ['exit', 'corrupt_image', 'crash', /ended its decoder \(exit code 3\)/],
  ['babble', 'corrupt_image', 'crash', /unreadable reply/],
  ['repeat', 'corrupt_image', 'crash', /unreadable reply/],
  ['toil', 'timeout', 'cpu', /takes more than 1 seconds of CPU/],
  ['hang', 'timeout', 'wall_clock', /takes more than 2 seconds: save it with/],
  ['spin', 'timeout', 'cpu', /takes more than 1 seconds of CPU: save it with/],
  ['bloat', 'too_many_pixels', 'memory', /takes more than 300 MB of memory: send a smaller one/]
] as const

for (const [command, code, reason, message] of CASES) {
  t.test(`a picture that makes its decoder ${command} fails with ${code}`, onLinux, async (t) => {
    const seen = killsOf(t)
    const wallClockMs = command === 'hang' ? 2000 : 60_000
    const { order } = unruly(t, { limits: { wallClockMs, cpuSeconds: 1, residentBytes: 300 * MB } })
    t.match(await failure(order(command)), { code, message, transient: false })
    t.match(seen, [{ reason }])
    t.match(await order(picture), { width: 64 }, 'and its place is free')
  })
}

t.test('a decoder that goes on after its reply is killed', onLinux, async (t) => {
  const seen = killsOf(t)
  const { order } = unruly(t)
  t.match(await failure(order('go on')), { message: /That is all/ })
  while (seen.length === 0) await immediate()
  t.match(seen, [{ reason: 'crash' }])
  t.match(await order(picture), { width: 64 }, 'and another one is started')
})

t.test('an abort ends the picture at once, and gives its reason', async (t) => {
  const { order } = unruly(t)
  const abort = new AbortController()
  const spinning = failure(order('spin', abort.signal))
  await wait(500)
  abort.abort(new Error('The service stops'))
  // Nothing else ends it with this message: the decoder spins until it is killed for another reason.
  t.match(await spinning, { message: 'The service stops' })
  t.match(await failure(order(picture, abort.signal)), { message: 'The service stops' }, 'nor is it begun')
})

t.test('ten bad pictures among a thousand good ones, four at once: each fails alone', onLinux, async (t) => {
  const seen = killsOf(t)
  const limits = { wallClockMs: 8000, cpuSeconds: 1, residentBytes: 300 * MB }
  const { order } = unruly(t, { concurrency: 4, limits })
  const bad = ['crash', 'hang', 'spin', 'bloat', 'exit', 'crash', 'hang', 'spin', 'bloat', 'exit']
  const every = 101
  const pictures = Array.from({ length: 1010 }, (_, at) => (at % every ? picture : (bad[at / every] ?? '')))
  const ended = await Promise.allSettled(pictures.map((source) => order(source)))
  const failed = ended.flatMap((end, at) =>
    end.status === 'rejected' ? [[pictures[at], end.reason.code]] : []
  )
  t.strictSame(
    failed,
    bad.map((command) => [command, CASES.find(([name]) => name === command)?.[1]])
  )
  t.equal(seen.length, 10, 'nothing else was ended')
})
