import { join } from 'node:path'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../lib/config/config.ts'
import type { Bucket } from '../../lib/config/servers.ts'
import { AppError } from '../../lib/http/app-error.ts'
import { ownUrl } from '../../lib/http/own-url.ts'
import type { ImageError } from '../../lib/image/error.ts'
import { type Log, reasonOf } from '../../lib/log/log.ts'
import { StoreBreaker } from '../../lib/pipeline/store-breaker.ts'
import { createDataDir } from '../../lib/startup/data-dir.ts'
import { tryServer, waitForServer } from '../../lib/startup/wait-for-server.ts'
import { cacheControl, OBJECT_PREFIX, type ObjectStore } from '../../lib/storage/object-store.ts'
import { OBJECT_STORE } from '../../lib/storage/server.ts'
import { PathSigner, urlSecret } from '../../lib/storage/signed-path.ts'
import { openToAll } from '../http/auth.ts'

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
    const objects = config.bucket ? await openBucket(config.bucket, config) : await serveFiles(app, config)
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

async function openBucket(bucket: Bucket, { images }: Config): Promise<ObjectStore> {
  const { S3Store } = await import('../../lib/s3.ts')
  return new S3Store(bucket, {
    publicBaseUrl: images.publicBaseUrl,
    signedUrlTtlS: images.signedUrlTtlS
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
  const { signedUrlTtlS, publicBaseUrl } = config.images
  const signer = signedUrlTtlS ? new PathSigner(await urlSecret(config.dataDir), signedUrlTtlS) : null
  await app.register(async (media) => {
    media.addHook('onRoute', openToAll)
    media.addHook('onRoute', readableByPages)
    if (signer) media.addHook<Signed>('onRequest', async (request) => mustBeSigned(request, signer))
    await media.register(fastifyStatic, {
      root: served,
      prefix: `/media/${OBJECT_PREFIX}`,
      index: false,
      dotfiles: 'ignore',
      decorateReply: false,
      cacheControl: false,
      setHeaders: (reply) => void reply.header('cache-control', cacheControl(signer !== null))
    })
  })
  const baseUrl = () =>
    publicBaseUrl ?? `${config.server.publicUrl ?? ownUrl(app.server, config.server)}/media`
  const objects = new FileStore(root, () => baseUrl().replace(/\/+$/, ''), {
    signer,
    onError: (error) => app.fullDisk.check(error)
  })
  await objects.removeUnfinished(new Date())
  return objects
}

interface Signed {
  Params: { '*': string }
  Querystring: { expires?: string; signature?: string }
}

function mustBeSigned({ params, query }: FastifyRequest<Signed>, signer: PathSigner): void {
  if (!signer.isValid(`${OBJECT_PREFIX}${params['*']}`, query))
    throw new AppError('forbidden', 'The URL has expired, or is not the one of the product: read it again.')
}

/** Pages of any origin may read images: their URLs are public, or signed. */
function readableByPages(route: RouteOptions): void {
  route.config = { ...route.config, cors: { origin: '*' } }
}
