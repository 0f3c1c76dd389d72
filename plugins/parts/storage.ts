import { join } from 'node:path'
import type { FastifyInstance, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../lib/config/config.ts'
import type { Bucket } from '../../lib/config/servers.ts'
import { ownUrl } from '../../lib/http/own-url.ts'
import { capacityOf } from '../../lib/pipeline/capacity.ts'
import { createDataDir } from '../../lib/startup/data-dir.ts'
import { tryServer, waitForServer } from '../../lib/startup/wait-for-server.ts'
import { OBJECT_PREFIX, type ObjectStore } from '../../lib/storage/object-store.ts'
import { OBJECT_STORE } from '../../lib/storage/server.ts'
import { openToAll } from '../http/auth.ts'

declare module 'fastify' {
  interface FastifyInstance {
    objects: ObjectStore
  }
}

/**
 * Where finished images go: a bucket, or files that the service serves itself. Only a worker waits for a
 * bucket.
 */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const objects = config.bucket ? await openBucket(config.bucket, config) : await serveFiles(app, config)
    app.addHook('onClose', () => objects.close())
    const { log } = app
    const ping = () => objects.ping()
    if (config.role === 'api') await tryServer(OBJECT_STORE, log, ping)
    else await waitForServer(OBJECT_STORE, { timeoutMs: config.startupTimeoutMs, log }, ping)
    app.decorate('objects', objects)
    app.healthChecks.set('storage', { kind: config.bucket ? 'connected' : 'embedded', ping })
  },
  { name: 'storage', dependencies: ['health-checks'] }
)

// The libraries of each kind of store are loaded only where it is used.

async function openBucket(bucket: Bucket, { images }: Config): Promise<ObjectStore> {
  const { S3Store } = await import('../../lib/s3.ts')
  return new S3Store(bucket, {
    sockets: capacityOf(images).inFlight,
    publicBaseUrl: images.publicBaseUrl
  })
}

async function serveFiles(app: FastifyInstance, config: Config): Promise<ObjectStore> {
  const [{ default: fastifyStatic }, { FileStore }] = await Promise.all([
    import('@fastify/static'),
    import('../../lib/storage/files.ts')
  ])
  const root = join(config.dataDir, 'objects')
  // Nothing else is served: uploads are private.
  const served = join(root, OBJECT_PREFIX)
  await createDataDir(served)
  await app.register(async (media) => {
    media.addHook('onRoute', openToAll)
    media.addHook('onRoute', readableByPages)
    await media.register(fastifyStatic, {
      root: served,
      prefix: `/media/${OBJECT_PREFIX}`,
      index: false,
      dotfiles: 'ignore',
      decorateReply: false,
      immutable: true,
      maxAge: '365d'
    })
  })
  const objects = new FileStore(root, () =>
    (
      config.images.publicBaseUrl ?? `${config.server.publicUrl ?? ownUrl(app.server, config.server)}/media`
    ).replace(/\/+$/, '')
  )
  await objects.removeUnfinished(new Date())
  return objects
}

/** Images are public: pages of any origin may read them. */
function readableByPages(route: RouteOptions): void {
  route.config = { ...route.config, cors: { origin: '*' } }
}
