import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { createFolder } from './guard.ts'
import { needsOwn } from './needs.ts'
import { descendants, isAlive } from './process-tree.ts'
import { startRedis } from './redis.ts'

t.test('a private Redis runs, and gives each caller a database of its own', needsOwn('redis'), async (t) => {
  await using redis = await startRedis()

  t.equal(await send(redis.url, 'PING'), '+PONG\r\n')
  const databases = [await redis.createDatabase(), await redis.createDatabase()]
  t.strictSame(
    databases.map((url) => new URL(url).pathname),
    ['/1', '/2']
  )
})

t.test(
  'a killed Redis refuses connections until it is restarted on the same port, empty or with its snapshot',
  needsOwn('redis'),
  async (t) => {
    await using redis = await startRedis()
    await send(redis.url, 'SET key value')

    await redis.kill()
    await t.rejects(send(redis.url, 'PING'), { code: 'ECONNREFUSED' })
    await redis.restart()
    t.equal(await send(redis.url, 'GET key'), '$-1\r\n')

    await send(redis.url, 'SET key older')
    await redis.command('SAVE')
    await send(redis.url, 'SET key newer')
    await redis.kill()
    await redis.restart({ keepsSnapshot: true })
    t.equal(await redis.command('GET key'), '$5\r\nolder\r\n')
  }
)

t.test('a paused Redis responds once it is resumed', needsOwn('redis'), async (t) => {
  await using redis = await startRedis()
  await redis.pause()
  const reply = send(redis.url, 'PING')

  t.equal(await Promise.race([reply, wait(100, 'none')]), 'none')
  await redis.resume()

  t.equal(await reply, '+PONG\r\n')
})

t.test('nothing of a stopped Redis runs on', needsOwn('redis'), async (t) => {
  createFolder('any') // the guard is there before, and stays
  const before = descendants(process.pid)
  const redis = await startRedis()
  const started = descendants(process.pid).filter((pid) => !before.includes(pid))

  await redis.stop()

  t.equal(started.length, 1)
  t.strictSame(started.filter(isAlive), [])
})

function send(url: string, command: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(`${command}\r\nQUIT\r\n`)
  return text(socket).then((reply) => reply.replace(/\+OK\r\n$/, ''))
}
