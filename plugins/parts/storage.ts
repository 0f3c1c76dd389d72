import { join } from 'node:path'
import type { FastifyInstance, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../lib/config/config.ts'
import type { Bucket } from '../../lib/config/servers.ts'
import { capacityOf } from '../../lib/pipeline/capacity.ts'
import { createDataDir } from '../../lib/startup/data-dir.ts'
import { tryServer, waitForServer } from '../../lib/startup/wait-for-server.ts'
import type { ObjectStore } from '../../lib/storage/object-store.ts'
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
  await createDataDir(root)
  await app.register(async (media) => {
    media.addHook('onRoute', openToAll)
    media.addHook('onRoute', readableByPages)
    await media.register(fastifyStatic, {
      root,
      prefix: '/media/',
      index: false,
      dotfiles: 'ignore',
      decorateReply: false,
      immutable: true,
      maxAge: '365d'
    })
  })
  const objects = new FileStore(root, () =>
    (config.images.publicBaseUrl ?? `${config.server.publicUrl ?? ownUrl(app, config)}/media`).replace(
      /\/+$/,
      ''
    )
  )
  await objects.discardUnfinished()
  return objects
}

/** Images are public: pages of any origin may read them. */
function readableByPages(route: RouteOptions): void {
  route.config = { ...route.config, cors: { origin: '*' } }
}

/** The address that callers on this machine use. */
function ownUrl(app: FastifyInstance, { server }: Config): string {
  const address = app.server.address()
  const port = address && typeof address === 'object' ? address.port : server.port
  const host = ['0.0.0.0', '::'].includes(server.host) ? 'localhost' : server.host
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
