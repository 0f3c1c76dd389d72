import { gunzipSync } from 'node:zlib'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { openToAll } from '../../plugins/http/auth.ts'
import { type Asset, readAssets } from './assets.ts'

/**
 * The page holds a key. It runs nothing but its own modules, and no frame can hold it. The images that it
 * shows may be anywhere: in a bucket, or at their sources.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  'img-src * data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

/** The operator's page. It needs no credentials to load; the calls that it makes do. */
const routes: FastifyPluginAsync = async (app) => {
  app.addHook('onRoute', openToAll)
  let assets: Map<string, Asset> | undefined
  const schema = { hide: true }
  app.get('/console', { schema }, (request, reply) =>
    request.url.includes('/console/') ? send(request, reply) : reply.redirect('console/')
  )
  app.get('/console/*', { schema }, send)

  function send(request: FastifyRequest, reply: FastifyReply) {
    assets ??= readAssets()
    const [, path = ''] = /\/console\/([^?]*)/.exec(request.url) ?? []
    const asset = assets.get(path || 'index.html')
    if (!asset) return reply.callNotFound()
    reply.headers({
      'content-security-policy': POLICY,
      'cache-control': 'no-cache',
      vary: 'accept-encoding',
      etag: asset.etag
    })
    if (request.headers['if-none-match'] === asset.etag) return reply.code(304).send()
    reply.type(asset.type)
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(gunzipSync(asset.gzip))
    return reply.header('content-encoding', 'gzip').send(asset.gzip)
  }
}

export default routes
