import t from 'tap'
import { Limiter } from '../../../lib/pipeline/limiter.ts'

const { signal: never } = new AbortController()
const HOSTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

/** Images of different hosts that stay on their way; `started` counts how many have begun. */
function crowd(turns: Limiter, count: number) {
  const end = Promise.withResolvers<void>()
  const crowd = { started: 0, end: end.resolve, work: [] as Promise<void>[] }
  crowd.work = Array.from({ length: count }, (_, index) =>
    turns.run(`http://${HOSTS[index % HOSTS.length]}${index}.test/`, never, () => {
      crowd.started++
      return end.promise
    })
  )
  return crowd
}

const settled = () => new Promise(setImmediate)

t.test('twice as many images as cores are on their way at first', async (t) => {
  const turns = new Limiter({ compress: 2, inFlight: 32, perHost: 16 }, () => true)
  const images = crowd(turns, 20)
  await settled()
  t.equal(images.started, 4)
  images.end()
  await Promise.all(images.work)
  t.equal(images.started, 20)
})

t.test('cores that wait for images get more of them on their way, up to a bound', async (t) => {
  const turns = new Limiter({ compress: 1, inFlight: 5, perHost: 5 }, () => true)
  const images = crowd(turns, 20)
  const counts: number[] = []
  for (let image = 0; image < 5; image++) {
    await turns.compute(async () => {})
    await settled()
    counts.push(images.started)
  }
  t.strictSame(counts, [3, 4, 5, 5, 5])
  images.end()
  await Promise.all(images.work)
})

t.test('images that wait for cores become fewer, down to twice the cores', async (t) => {
  const turns = new Limiter({ compress: 1, inFlight: 8, perHost: 8 }, () => true)
  for (let image = 0; image < 6; image++) await turns.compute(async () => {})

  const core = Promise.withResolvers<void>()
  const waiting = Array.from({ length: 9 }, () => turns.compute(() => core.promise))
  const images = crowd(turns, 20)
  await settled()
  t.equal(images.started, 2)
  core.resolve()
  images.end()
  await Promise.all([...waiting, ...images.work])
})

t.test('no more images are compressed at once than there are cores', async (t) => {
  const turns = new Limiter({ compress: 2, inFlight: 32, perHost: 16 }, () => true)
  let running = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++running)
    await settled()
    running--
  }
  await Promise.all(Array.from({ length: 10 }, () => turns.compute(work)))
  t.equal(most, 2)
})

t.test('one host takes its part of the places, and leaves the rest to others', async (t) => {
  const turns = new Limiter({ compress: 4, inFlight: 8, perHost: 3 }, () => true)
  const end = Promise.withResolvers<string>()
  let greedy = 0
  const work = Array.from({ length: 10 }, () =>
    turns.run('http://greedy.test/', never, () => {
      greedy++
      return end.promise
    })
  )
  t.equal(await turns.run('http://modest.test/', never, async () => 'served'), 'served')
  t.equal(greedy, 3)
  end.resolve('done')
  t.strictSame(await Promise.all(work), Array(10).fill('done'))
})
