import { EventEmitter, once } from 'node:events'
import t from 'tap'
import { ShallowQueue } from '../../../lib/rabbitmq/shallow-queue.ts'

/** A queue of as many messages as the test says. */
class TestQueue {
  readonly looks = new EventEmitter<{ depth: []; looked: [] }>()
  readonly shallow: ShallowQueue
  depth: number

  constructor(depth: number) {
    this.depth = depth
    const look = async () => {
      this.looks.emit('depth')
      return this.depth
    }
    this.shallow = new ShallowQueue(look, () => this.looks.emit('looked'))
  }

  /** Publishes all that there is room for. Resolves with how much that was, after the look that follows. */
  async fill(): Promise<number> {
    const room = this.shallow.room()
    for (let n = 0; n < room; n++) this.shallow.published()
    t.equal(this.shallow.room(), 0)
    await once(this.looks, 'looked')
    return room
  }
}

t.test('a queue that runs dry gets more and more room', async (t) => {
  const queue = new TestQueue(0)
  const rooms: number[] = []
  while (rooms.length < 5) rooms.push(await queue.fill())
  t.same(rooms, [4, 8, 16, 32, 64])
})

t.test('there is room for what is missing to the limit', async (t) => {
  const queue = new TestQueue(0)
  for (let n = 0; n < 3; n++) await queue.fill()
  queue.depth = 12
  await queue.fill()
  t.equal(queue.shallow.room(), 32 - 12)
})

t.test('a full queue has no room, and its limit falls while that lasts', async (t) => {
  const queue = new TestQueue(0)
  for (let n = 0; n < 3; n++) await queue.fill()
  queue.depth = 40
  for (let look = 0; look < 3; look++) await queue.fill()
  t.equal(queue.shallow.room(), 0)
  queue.depth = 10
  await once(queue.looks, 'looked')
  const room = queue.shallow.room()
  t.ok(room > 0 && room < 32 - 10, `room for ${room}`)
})

t.test('a queue whose depth is unknown is full', async (t) => {
  const looked = Promise.withResolvers<void>()
  const queue = new ShallowQueue(() => Promise.reject(new Error('the broker is away')), looked.resolve)
  for (let n = 0; n < 4; n++) queue.published()
  t.equal(queue.room(), 0)
  await looked.promise
  t.equal(queue.room(), 0)
})

t.test('a queue that nothing is published to is not looked at', async (t) => {
  const queue = new TestQueue(0)
  queue.looks.on('depth', () => t.fail('it was looked at'))
  t.equal(queue.shallow.room(), 4)
  queue.shallow.published()
  t.equal(queue.shallow.room(), 3)
})

t.test('a few messages now and then do not raise the limit', async (t) => {
  const queue = new TestQueue(0)
  for (let n = 0; n < 3; n++) {
    await new Promise((resolve) => setTimeout(resolve, 260))
    const look = once(queue.looks, 'depth')
    queue.shallow.published()
    queue.shallow.published()
    await look
    await new Promise(setImmediate)
    t.equal(queue.shallow.room(), 4)
  }
})
