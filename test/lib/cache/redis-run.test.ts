import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { RedisCache } from '../../../lib/cache/redis.ts'
import {
  administrator,
  cached,
  connected,
  freshId,
  load,
  product,
  usable,
  wanted
} from '../../support/cache.ts'
import { createLog, type TestLog } from '../../support/log.ts'
import { needsOwn } from '../../support/servers/needs.ts'
import { type Redis as RedisServer, startRedis } from '../../support/servers/redis.ts'

async function start(t: Test): Promise<RedisServer> {
  const server = await startRedis()
  t.teardown(() => server.stop())
  return server
}

async function open(t: Test, url: string) {
  const log = createLog()
  const redis = await connected(t, url)
  return { cache: new RedisCache(redis, log), redis, log }
}

const addressOf = ({ url }: RedisServer) => {
  const { hostname, port } = new URL(url)
  return [hostname, port] as const
}

/** Makes the one a replica, and the other its master. Resolves with a cache on the new master. */
async function failOver(t: Test, from: RedisServer, to: RedisServer) {
  await (await administrator(t, to.url)).replicaof('NO', 'ONE')
  const old = await administrator(t, from.url)
  await old.replicaof(...addressOf(to))
  while (!/master_link_status:up/.test(await old.info('replication')));
  const opened = await open(t, to.url)
  await usable(opened.cache)
  return opened
}

const refusals = ({ lines }: TestLog) => lines.filter(({ message }) => /refuses commands/.test(message))

t.test('a Redis that was restarted from a snapshot serves nothing of it', needsOwn('redis'), async (t) => {
  const server = await start(t)
  const [one, other] = [await open(t, server.url), await open(t, server.url)]
  const id = await wanted(one.cache, other.cache)
  await usable(one.cache, other.cache)
  await cached(one.cache, id)
  await (await administrator(t, server.url)).save()
  await one.cache.invalidate(id)
  await server.restart({ keepsSnapshot: true })
  for (const { cache } of [one, other]) {
    await usable(cache)
    t.same(await cache.read(id, load(2)), product(2))
  }
})

t.test(
  'a replica without the last writes that was promoted serves nothing old',
  needsOwn('redis'),
  async (t) => {
    const [master, replica] = [await start(t), await start(t)]
    const { cache } = await open(t, master.url)
    const admins = [await administrator(t, master.url), await administrator(t, replica.url)] as const
    const { hostname, port } = new URL(master.url)
    await admins[1].replicaof(hostname, port)
    const replicated = async () => {
      await admins[0].incr('writes')
      await admins[0].wait(1, 10_000)
    }
    await replicated()
    const id = await wanted(cache)
    await usable(cache)
    await cached(cache, id)
    await replicated()
    await admins[1].replicaof('NO', 'ONE')
    await cache.invalidate(id)
    await master.kill()
    const { cache: promoted } = await open(t, replica.url)
    await usable(promoted)
    await promoted.read(id, async () => null)
    t.same(await promoted.read(id, load(2)), product(2))
  }
)

t.test('a master that was a replica in between serves nothing from before', needsOwn('redis'), async (t) => {
  const [master, other] = [await start(t), await start(t)]
  const { cache } = await open(t, master.url)
  const admin = await administrator(t, master.url)
  await (await administrator(t, other.url)).replicaof(...addressOf(master))
  const id = await wanted(cache)
  await usable(cache)
  await cached(cache, id)
  await admin.incr('writes')
  await admin.wait(1, 10_000)

  const { cache: writer } = await failOver(t, master, other)
  await writer.invalidate(id)
  const { cache: reader } = await failOver(t, other, master)
  await reader.read(id, async () => null)
  t.same(await reader.read(id, load(2)), product(2))
})

t.test(
  'a writer that still uses the old master waits until entries on the new one have expired',
  needsOwn('redis'),
  async (t) => {
    const [old, master] = [await start(t), await start(t)]
    const [writer, reader] = [await open(t, old.url), await open(t, master.url)]
    await usable(writer.cache, reader.cache)
    const { hostname, port } = new URL(master.url)
    const admin = await administrator(t, old.url)
    await admin.replicaof(hostname, port)
    while (!/master_link_status:up/.test(await admin.info('replication')));
    // After this time, a Redis that refuses all processes would have no entry left.
    for (let writes = 0; writes < 2; writes++) await writer.cache.invalidate(freshId())

    const id = await wanted(reader.cache)
    t.same(await cached(reader.cache, id), product(0))
    await writer.cache.invalidate(id)
    t.same(await reader.cache.read(id, load(2)), product(2))
  }
)

/** A Redis that begins to refuse commands, and takes them again. */
const REFUSALS: [name: string, refuse: string[], accept: string[]][] = [
  ['became a replica', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
  ['is out of memory', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
  [
    'lacks its replicas',
    ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
    ['CONFIG', 'SET', 'min-replicas-to-write', '0']
  ],
  ['refuses deletions', ['ACL', 'SETUSER', 'default', '-del'], ['ACL', 'SETUSER', 'default', '+@all']]
]

for (const [name, [refuse = '', ...refuseArguments], [accept = '', ...acceptArguments]] of REFUSALS) {
  t.test(`a Redis that ${name} is not used until it takes commands again`, needsOwn('redis'), async (t) => {
    const server = await start(t)
    const [one, other] = [await open(t, server.url), await open(t, server.url)]
    const admin = await administrator(t, server.url)
    const id = await wanted(one.cache, other.cache)
    await usable(one.cache, other.cache)
    await cached(one.cache, id)

    await admin.call(refuse, ...refuseArguments)
    await other.cache.read(id, load(1))
    await one.cache.invalidate(id)
    t.same(await other.cache.read(id, load(2)), product(2), 'nothing old is served after the first write')

    const fresh = await wanted(one.cache)
    await one.cache.read(fresh, load(1))
    await one.log.said(/refuses commands/)
    await one.cache.invalidate(id)
    const away = await open(t, server.url)
    away.redis.disconnect()
    const patient = away.cache.invalidate(id).then(() => 'a write without Redis')
    const writes = async () => {
      for (let write = 0; write < 5; write++) await one.cache.invalidate(fresh)
      return 'five more writes'
    }
    t.equal(await Promise.race([patient, writes()]), 'five more writes')
    await t.rejects(one.cache.ping())
    t.equal(refusals(one.log).length, 1, 'it is logged once')

    await admin.call(accept, ...acceptArguments)
    await one.log.said(/takes commands again/)
    await t.resolves(one.cache.ping())
    await cached(one.cache, id)
    await patient
  })
}

for (const command of ['del', 'info', 'mget']) {
  t.test(`a user without the right to ${command} does not use Redis`, needsOwn('redis'), async (t) => {
    const server = await start(t)
    const admin = await administrator(t, server.url)
    await admin.call('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '+@all', `-${command}`)
    const url = new URL(server.url)
    url.username = 'reader'
    url.password = 'secret'
    const { cache, log } = await open(t, url.href)
    await log.said(/refuses commands/)
    const id = await wanted(cache)
    t.same(await cache.read(id, load(1)), product(1))
    t.same(await cache.read(id, load(2)), product(2))
    t.same(await admin.keys(`*:product:${id}`), [], 'it stores nothing')
    await t.rejects(cache.ping(), { message: /^Redis refuses commands: / })
    t.equal(refusals(log).length, 1)
  })
}

t.test(
  'a write waits for the last entry that a load from before it may leave',
  needsOwn('redis'),
  async (t) => {
    const server = await start(t)
    const [writer, reader] = [await open(t, server.url), await open(t, server.url)]
    const id = await wanted(reader.cache)
    await usable(writer.cache, reader.cache)
    writer.redis.disconnect()
    const loading = Promise.withResolvers<void>()
    // Just before its lease ends, so that the entry lives into the sixth second after the write.
    const slow = reader.cache.read(id, async () => {
      loading.resolve()
      await wait(900)
      return product(1)
    })
    await loading.promise
    const written = writer.cache.invalidate(id)
    await slow
    await written
    t.same(await reader.cache.read(id, load(2)), product(2))
  }
)
