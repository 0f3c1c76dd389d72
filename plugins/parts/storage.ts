import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../lib/config/config.ts'
import type { Bucket } from '../../lib/config/servers.ts'
import type { ImageError } from '../../lib/image/error.ts'
import { type Log, reasonOf } from '../../lib/log/log.ts'
import { StoreBreaker } from '../../lib/pipeline/store-breaker.ts'
import { tryServer, waitForServer } from '../../lib/startup/wait-for-server.ts'
import type { ObjectStore } from '../../lib/storage/object-store.ts'
import { OBJECT_STORE } from '../../lib/storage/server.ts'

declare module 'fastify' {
  interface FastifyInstance {
    objects: ObjectStore
    /** Of what this process uploads there, and of the sources that it reads there. */
    storeBreakers: { uploads: StoreBreaker; reads: StoreBreaker }
  }
}

/**
 * Where finished images go: a bucket, or files that the service serves itself. Only a worker waits for a
 * bucket.
 */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const objects = await (config.bucket ? openBucket(config.bucket, config) : openFiles(app, config))
    app.addHook('onClose', () => objects.close())
    const { log } = app
    const ping = () => objects.ping()
    if (config.role === 'api') await tryServer(OBJECT_STORE, log, ping)
    else await waitForServer(OBJECT_STORE, { timeoutMs: config.startupTimeoutMs, log }, ping)
    app.decorate('objects', objects)
    const uploads = new StoreBreaker({ onChange: (failure) => reportUploads(log, failure) })
    const reads = new StoreBreaker({ onChange: (failure) => reportReads(log, failure) })
    app.decorate('storeBreakers', { uploads, reads })
    const pingUnlessOpen = async () => {
      const failure = uploads.failure ?? reads.failure
      if (failure) throw failure.cause ?? failure
      await ping()
    }
    const kind = config.bucket ? 'connected' : 'embedded'
    app.healthChecks.set('storage', { kind, ping: pingUnlessOpen })
  },
  { name: 'storage', dependencies: ['health-checks', 'full-disk'] }
)

function reportUploads(log: Log, failure: ImageError | null): void {
  if (failure) log.error({ reason: reasonOf(failure.cause) }, 'The object store takes no images; they wait')
  else log.info({}, 'The object store takes images again')
}

function reportReads(log: Log, failure: ImageError | null): void {
  if (failure) log.error({ reason: reasonOf(failure.cause) }, 'The object store cannot be read; images wait')
  else log.info({}, 'The object store can be read again')
}

// The libraries of each kind of store are loaded only where it is used.

async function openBucket(bucket: Bucket, { images, role }: Config): Promise<ObjectStore> {
  const { S3Store } = await import('../../lib/s3.ts')
  const options = { publicBaseUrl: images.publicBaseUrl, signedUrlTtlS: images.signedUrlTtlS }
  if (role === 'api') return new S3Store(bucket, options)
  const { undiciHandler } = await import('../../lib/storage/undici-handler.ts')
  return new S3Store(bucket, options, undiciHandler())
}

async function openFiles(app: FastifyInstance, config: Config): Promise<ObjectStore> {
  const { serveFiles } = await import('./object-files.ts')
  return await serveFiles(app, config)
}
