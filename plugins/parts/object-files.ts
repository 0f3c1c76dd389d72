import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import type { Config } from '../../lib/config/config.ts'
import { AppError } from '../../lib/http/app-error.ts'
import { ownUrl } from '../../lib/http/own-url.ts'
import { createDataDir } from '../../lib/startup/data-dir.ts'
import { FileStore } from '../../lib/storage/files.ts'
import { cacheControl, OBJECT_PREFIX, type ObjectStore } from '../../lib/storage/object-store.ts'
import { PathSigner, urlSecret } from '../../lib/storage/signed-path.ts'
import { openToAll } from '../http/auth.ts'

/** Opens the object store in DATA_DIR, and serves its results. */
export async function serveFiles(app: FastifyInstance, config: Config): Promise<ObjectStore> {
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
