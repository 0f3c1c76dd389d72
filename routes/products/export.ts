import { Readable } from 'node:stream'
import { Type } from '@sinclair/typebox'
import { Id, Product } from '../../lib/products/schemas.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { OpenStreams } from './open-streams.ts'
import { completeUser, NDJSON, Owner, tags } from './schemas.ts'

/** Of this process. Each keeps one page. */
const MAX_EXPORTS = 8
const BUFFER_BYTES = 64 * 1024

/** The document describes a line; the handler sends a stream. */
const Products = Type.Unsafe<Readable>({ $ref: `${Product.$id}#` })

const ExportQuery = Type.Object({
  user_id: Owner,
  cursor: Type.Optional(
    Type.Integer({
      ...Id,
      description: 'Id of the last product that was received: the export goes on after it'
    })
  )
})

/** Products as lines of JSON, by ascending id. The connection is closed early if a page cannot be read. */
export const exportLines: Operation = (app) => {
  const streams = new OpenStreams(MAX_EXPORTS)
  app.addHook('preClose', async () => streams.close())

  app.get(
    '/products/export',
    {
      config: { isStream: true },
      exposeHeadRoute: false,
      schema: {
        tags,
        operationId: 'exportLines',
        summary: 'Read all products of a user',
        description:
          'One product a line, by ascending id. A response that ends early is resumed with the id of its ' +
          'last whole line as the cursor. Each page of 500 products shows one moment.',
        querystring: ExportQuery,
        response: {
          200: { description: 'The products', content: { [NDJSON[0]]: { schema: Products } } },
          ...problems(403)
        }
      },
      preValidation: async ({ query, caller }) => completeUser(query, caller)
    },
    async (request, reply) => {
      const { query, caller } = request
      const { user_id, cursor = 0 } = query
      if (user_id !== undefined) caller.mustActFor(user_id, 'user_id')
      const first = await app.products.page(cursor, user_id)
      const stop = streams.open(request)
      const stream = Readable.from(lines(first), { objectMode: false, highWaterMark: BUFFER_BYTES })
      stop.signal.addEventListener('abort', () => stream.destroy())
      reply.raw.once('close', () => stop.abort())
      return reply.type(NDJSON[0]).send(stream)

      async function* lines(page: Product[]): AsyncGenerator<string> {
        for (; page.length > 0; page = await app.products.page(page.at(-1)?.id ?? 0, user_id))
          yield page.map((product) => `${JSON.stringify(product)}\n`).join('')
      }
    }
  )
}
