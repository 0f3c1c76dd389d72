import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import { NoCache } from './cache/none.ts'
import { RedisCache } from './cache/redis.ts'
import type { Config } from './config/config.ts'
import { startEmbeddedPostgres } from './database/pglite.ts'
import { Outbox } from './outbox/outbox.ts'
import { ProductChangeFeed } from './products/change-feed.ts'
import { ProductStore } from './products/store.ts'
import { S3Store } from './s3.ts'
import { FileStore } from './storage/files.ts'
import type { ObjectStore } from './storage/object-store.ts'

/** What a command works with: the same parts as the service, without the service. */
export interface Workbench {
  pool: pg.Pool
  store: ProductStore
  objects: ObjectStore
}

/** Opens the parts that the settings name for as long as `work` takes. */
export async function withWorkbench<T>(config: Config, work: (bench: Workbench) => Promise<T>): Promise<T> {
  await using closing = new AsyncDisposableStack()
  const pool = closing.adopt(new pg.Pool(await database(config, closing)), (pool) => pool.end())
  const cache = config.redis
    ? new RedisCache(
        closing.adopt(new Redis(config.redis.url, { maxRetriesPerRequest: 1 }), (redis) => redis.disconnect())
      )
    : new NoCache()
  const objects = config.bucket
    ? new S3Store(config.bucket, { sockets: 8, publicBaseUrl: config.images.publicBaseUrl })
    : new FileStore(join(config.dataDir, 'objects'), () => config.images.publicBaseUrl ?? '')
  closing.defer(() => objects.close())
  const store = new ProductStore({
    pool,
    cache,
    outbox: new Outbox(pool),
    signal: new ProductChangeFeed(null),
    jobTimeoutMs: config.images.jobTimeoutMs,
    webhooks: config.webhook !== null
  })
  return await work({ pool, store, objects })
}

async function database(config: Config, closing: AsyncDisposableStack): Promise<pg.PoolConfig> {
  if (config.database) return { ...config.database, max: 2 }
  const embedded = await startEmbeddedPostgres(config.dataDir)
  closing.defer(() => embedded.close())
  return { host: embedded.host, user: 'postgres', database: 'postgres', max: 1 }
}
