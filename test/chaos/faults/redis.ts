import { follow } from '../../support/servers/redis.ts'
import { type Faults, nothing } from './fault.ts'

/** Time for writes that the snapshot does not have. */
const AFTER_SNAPSHOT_MS = 1500
/** A port on which no server listens. */
const NO_SERVER = '127.0.0.1 1'

export const redisFaults: Faults = {
  'redis-flush': {
    lane: 'servers',
    lastsMs: 0,
    async start({ servers }) {
      await servers.redis.command('FLUSHALL')
      return nothing
    }
  },
  'redis-stop': {
    lane: 'servers',
    lastsMs: 3000,
    async start({ servers }) {
      await servers.redis.kill()
      return () => servers.redis.restart()
    }
  },
  'redis-freeze': {
    lane: 'servers',
    lastsMs: 2000,
    async start({ servers }) {
      await servers.redis.pause()
      return () => servers.redis.resume()
    }
  },
  /** It comes back with what it had a while ago. */
  'redis-snapshot': {
    lane: 'servers',
    lastsMs: AFTER_SNAPSHOT_MS,
    async start({ servers: { redis } }) {
      await redis.command('SAVE')
      return async () => {
        await redis.kill()
        await redis.restart({ keepsSnapshot: true })
      }
    }
  },
  /** It becomes a replica while connected: reads go on, writes are refused. */
  'redis-replica': {
    lane: 'servers',
    lastsMs: 5000,
    async start({ servers: { redis } }) {
      await redis.command(`REPLICAOF ${NO_SERVER}`)
      return async () => void (await redis.command('REPLICAOF NO ONE'))
    }
  },
  /** Every process is led to the standby, which has not followed for a while. */
  'redis-failover': {
    lane: 'servers',
    lastsMs: AFTER_SNAPSHOT_MS,
    async start({ servers, fleet }) {
      await servers.standby.command('REPLICAOF NO ONE')
      return async () => {
        const { redis, standby } = servers
        await redis.kill()
        for (const { links } of fleet.members) links?.redis.leadTo(standby.url)
        await redis.restart()
        await follow(redis, standby)
        Object.assign(servers, { redis: standby, standby: redis })
      }
    }
  }
}
