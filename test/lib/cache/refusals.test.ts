import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { RedisCache } from '../../../lib/cache/redis.ts'
import { connected, load, product, wanted } from '../../support/cache.ts'
import { createLog } from '../../support/log.ts'

/** What Redis replies to a command that it cannot carry out now. */
const REFUSALS = [
  'LOADING Redis is loading the dataset in memory',
  'MISCONF Redis is configured to save RDB snapshots, but is currently not able to persist on disk.',
  'BUSY Redis is busy running a script.',
  'MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to no.',
  'CLUSTERDOWN The cluster is down',
  'UNKILLABLE a reply of a later version'
]

const INFO = 'run_id:abc\r\nrole:master\r\nloading:0\r\n'
const REPLIES: Record<string, string> = {
  info: `$${INFO.length}\r\n${INFO}`,
  get: '$-1',
  set: '+OK',
  del: ':1'
}

/** It speaks the protocol of Redis, and refuses all but INFO while it has a reason. */
async function startRefusing(t: Test) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setEncoding('utf8').on('data', (text) => {
      for (const [, command = ''] of String(text).matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)) {
        const isRefused = redis.reason !== null && command !== 'info'
        socket.write(`${isRefused ? `-${redis.reason}` : (REPLIES[command] ?? ':1')}\r\n`)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const redis: { url: string; reason: string | null } = { url: `redis://127.0.0.1:${port}`, reason: null }
  return redis
}

for (const reason of REFUSALS)
  t.test(
    `a Redis that replies ${reason.split(' ')[0]} is not used until it takes commands again`,
    async (t) => {
      const redis = await startRefusing(t)
      const log = createLog()
      const cache = new RedisCache(await connected(t, redis.url), log)
      const id = await wanted(cache)
      await cache.invalidate(id)

      redis.reason = reason
      t.same(await cache.read(id, load(2)), product(2), 'reads come from the database')
      await log.said(/refuses commands/)
      t.same(await cache.read(id, load(3)), product(3))
      await t.rejects(cache.ping(), { message: reason })
      for (let write = 0; write < 3; write++) await cache.invalidate(id, 1)
      const refusals = log.lines.filter(({ message }) => /refuses commands/.test(message))
      t.match(refusals, [{ level: 'warn', details: { reason } }], 'it is logged once')

      redis.reason = null
      await log.said(/takes commands again/)
      await t.resolves(cache.ping())
      await cache.invalidate(id)
    }
  )
