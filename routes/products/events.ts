import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { ANYONE, type Caller } from '../../lib/auth/caller.ts'
import type { CachedProduct } from '../../lib/cache/cache.ts'
import type { Config } from '../../lib/config/config.ts'
import { AppError, productNotFound } from '../../lib/http/app-error.ts'
import { Product } from '../../lib/products/schemas.ts'
import { watch } from '../../lib/products/watch.ts'
import { problems } from '../problem-replies.ts'
import { LastEventId, Params } from './schemas.ts'

/** Proxies end what is silent for a minute, often sooner. */
const HEARTBEAT_MS = 15_000
const RECONNECT_MS = 1000

/** What each event carries, and what is sent. */
const ProductEvents = Type.Unsafe<Readable>({ $ref: `${Product.$id}#` })

/** Server-sent events: the product each time it changes, until none of its images is pending. */
const routes: FastifyPluginAsyncTypebox<{ config: Config }> = async (app, { config }) => {
  const { products, productChanges: signal } = app
  const open = new Map<AbortController, Caller>()
  let closing = false
  // Before the server waits for its connections to end.
  app.addHook('preClose', async () => {
    closing = true
    for (const stop of open.keys()) stop.abort()
  })

  function isFullFor(caller: Caller): boolean {
    const most = config.server.maxEventStreams
    if (open.size >= most || caller === ANYONE) return open.size >= most
    // Nobody who has a name takes more than half: the others' browsers wait, too.
    return [...open.values()].filter(({ name }) => name === caller.name).length >= Math.ceil(most / 2)
  }

  app.get(
    '/products/:id/events',
    {
      exposeHeadRoute: false,
      schema: {
        tags: ['products'],
        operationId: 'watchProduct',
        summary: 'Follow a product until its images are processed',
        description: `Sends the product at once and again at each change (\`event: product\`, its version as the id), and ends when no
image is pending, or with \`event: deleted\`. Sends a comment when nothing happens. Who comes back with Last-Event-ID gets what
is newer, and 204 when nothing will be.`,
        params: Params,
        headers: LastEventId,
        response: {
          200: {
            description: 'Events whose data is the product',
            content: { 'text/event-stream': { schema: ProductEvents } }
          },
          204: Type.Null({ description: 'The client knows the product, and none of its images is pending' }),
          ...problems(404)
        }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      const known = request.headers['last-event-id']
      const product = await products.read(id)
      if (!product || !request.caller.actsFor(product.user_id)) throw productNotFound(id)
      if (product.version === known && !isPending(product)) return reply.code(204).send(null)
      if (closing || isFullFor(request.caller))
        throw new AppError('unavailable', 'No more streams of events can be opened here. Try again soon.')
      const stop = new AbortController()
      const states = watch(id, { products, signal, quietMs: HEARTBEAT_MS, stop: stop.signal })
      const stream = Readable.from(events(states, known), { highWaterMark: 1 })
      open.set(stop, request.caller)
      const end = () => {
        stop.abort()
        open.delete(stop)
      }
      stream.once('close', end)
      // The stream waits for its generator, which waits for a heartbeat: who came and went held a place for 15 s.
      reply.raw.once('close', end)
      return reply
        .headers({ 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' })
        .type('text/event-stream')
        .send(stream)
    }
  )
}

async function* events(
  states: AsyncIterable<CachedProduct | null>,
  known: number | undefined
): AsyncGenerator<string> {
  let sent = known
  yield `retry: ${RECONNECT_MS}\n\n`
  for await (const product of states) {
    if (!product) yield 'event: deleted\ndata: null\n\n'
    else if (product.version === sent) yield ': still waiting\n\n'
    else yield `id: ${product.version}\nevent: product\ndata: ${product.json}\n\n`
    if (!product || !isPending(product)) return
    sent = product.version
  }
}

function isPending({ json }: CachedProduct): boolean {
  const { image_status } = JSON.parse(json) as Product
  return image_status === 'pending'
}

export default routes
