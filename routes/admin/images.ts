import { Type } from '@sinclair/typebox'
import { ref } from '../../lib/http/schema-ref.ts'
import { imageNotFound, sourceRefused } from '../../lib/products/replaced-source.ts'
import { Source } from '../../lib/products/schemas.ts'
import { countedBefore } from '../../lib/search/count.ts'
import { reportImage } from '../../lib/search/report.ts'
import { FoundImage, filterFields, ImageReport } from '../../lib/search/schemas.ts'
import { searchImages } from '../../lib/search/search.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { checkSource } from '../products/check-images.ts'
import { Cursor, Limit, Next, tags } from './schemas.ts'

const params = Type.Object({ id: Type.String({ format: 'uuid' }) })

const Total = Type.Union([Type.Integer(), Type.Null()], {
  description: 'Number of images that match; null with other conditions than status and code'
})

const Replacement = Type.Object({
  source_url: Type.String({
    ...Source,
    examples: ['https://example.com/lamp.jpg'],
    description: 'A source as in POST /products; the product must not have it already'
  })
})

export const images: Operation = (app, config) => {
  async function existing(id: string): Promise<ImageReport> {
    const load = (productId: number) => app.products.load(productId)
    const report = await reportImage(app.pg.pool, id, { load, maxAttempts: config.images.retry.maxAttempts })
    if (report) return report
    throw imageNotFound()
  }

  app.get(
    '/images',
    {
      schema: {
        tags,
        operationId: 'searchImages',
        summary: 'Find images by their state, reason, origin or owner; those of the newest products first',
        querystring: Type.Object({ ...filterFields, limit: Limit, cursor: Cursor }),
        response: {
          200: Type.Object(
            { images: Type.Array(ref(FoundImage)), next: Next, total: Total },
            { description: 'A page of images' }
          ),
          ...problems(403)
        }
      }
    },
    async ({ query: { limit, cursor, ...filter } }) => {
      const options = { limit, cursor, urlOf: (key: string) => app.objects.urlOf(key) }
      const [page, total] = await Promise.all([
        searchImages(app.pg.pool, filter, options),
        countedBefore(app.pg.pool, filter)
      ])
      return { ...page, total }
    }
  )

  app.get(
    '/images/:id',
    {
      schema: {
        tags,
        operationId: 'getImage',
        summary: 'An image, its results, and every attempt at it',
        params,
        response: { 200: { ...ref(ImageReport), description: 'The image' }, ...problems(403, 404) }
      }
    },
    ({ params: { id } }) => existing(id)
  )

  app.post(
    '/images/:id/replace',
    {
      schema: {
        tags,
        operationId: 'replaceSource',
        summary: 'Replace the source of an image',
        description:
          'Like a PUT of the product with the new source in place of the old one: the image and its results ' +
          'are removed, and a new image is enqueued, which is the response. To go back, replace its source ' +
          'by the old one.',
        params,
        body: Replacement,
        response: {
          200: { ...ref(ImageReport), description: 'The image that takes its place' },
          ...problems(403, 404, 413, 415, 422)
        }
      }
    },
    async ({ params: { id: image_id }, body, caller }) => {
      const checked = checkSource(body.source_url, config)
      if ('problem' in checked) throw sourceRefused(checked.problem)
      const { product_id } = await existing(image_id)
      const source = { image_id, source_url: checked.url, actor: caller.name }
      const { id } = await app.products.replaceSource(product_id, source)
      return await existing(id)
    }
  )
}
