import { Readable } from 'node:stream'
import { Type } from '@sinclair/typebox'
import type { CachedProduct } from '../../lib/cache/cache.ts'
import { productNotFound } from '../../lib/http/app-error.ts'
import { Product } from '../../lib/products/schemas.ts'
import { watch } from '../../lib/products/watch.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { OpenStreams } from './open-streams.ts'
import { LastEventId, Params, tags } from './schemas.ts'

/** Proxies end a connection that is silent for a minute, often sooner. */
const HEARTBEAT_MS = 15_000
const RECONNECT_MS = 1000

/** The document describes an event's data; the handler sends a stream. */
const ProductEvents = Type.Unsafe<Readable>({ $ref: `${Product.$id}#` })

/**
 * Server-sent events: the product at each change, until none of its images is pending. Not @fastify/sse:
 * there the streams of clients that stop reading and disconnect never end (20 of 20), and each disconnect of
 * a piped stream is logged as an error.
 */
export const events: Operation = (app, config) => {
  const { products, productChanges: changeFeed } = app
  const streams = new OpenStreams(config.server.maxEventStreams)
  // Before the server waits for its connections to end.
  app.addHook('preClose', async () => streams.close())

  app.get(
    '/products/:id/events',
    {
      config: { isStream: true },
      exposeHeadRoute: false,
      schema: {
        tags,
        operationId: 'watchProduct',
        summary: 'Follow a product until its images are processed',
        description:
          'Sends the product at once and at each change (`event: product`, with its version as the id). ' +
          'Ends when no image is pending, or with `event: deleted`. Sends a comment when nothing changes. ' +
          'With Last-Event-ID it sends only newer versions, and 204 when there will be none.',
        params: Params,
        headers: LastEventId,
        response: {
          200: {
            description: 'Events whose data is the product',
            content: { 'text/event-stream': { schema: ProductEvents } }
          },
          204: Type.Null({ description: 'The client has the current version, and no image is pending' }),
          ...problems(404)
        }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      const known = request.headers['last-event-id']
      const product = await products.read(id)
      if (!product || !request.caller.actsFor(product.user_id)) throw productNotFound(id)
      if (product.version === known && !product.pending) return reply.code(204).send(null)
      const stop = streams.open(request)
      const states = watch(id, { products, changeFeed, quietMs: HEARTBEAT_MS, stop: stop.signal })
      const stream = Readable.from(eventTexts(states, known), { highWaterMark: 1 })
      stream.once('close', () => stop.abort())
      // The stream waits for the next heartbeat: a client that left would hold its place for 15 s.
      reply.raw.once('close', () => stop.abort())
      return reply
        .headers({ 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' })
        .type('text/event-stream')
        .send(stream)
    }
  )
}

async function* eventTexts(
  states: AsyncIterable<CachedProduct | null>,
  known: number | undefined
): AsyncGenerator<string> {
  let sent = known
  yield `retry: ${RECONNECT_MS}\n\n`
  for await (const product of states) {
    if (!product) yield 'event: deleted\ndata: null\n\n'
    else if (product.version === sent) yield ': no change\n\n'
    else yield `id: ${product.version}\nevent: product\ndata: ${product.json}\n\n`
    if (!product?.pending) return
    sent = product.version
  }
}
