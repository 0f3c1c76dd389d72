import { Type } from '@sinclair/typebox'
import { AppError } from '../../lib/http/app-error.ts'
import { ref } from '../../lib/http/schema-ref.ts'
import { reportImage } from '../../lib/search/report.ts'
import { FoundImage, filterFields, ImageReport } from '../../lib/search/schemas.ts'
import { searchImages } from '../../lib/search/search.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { Cursor, Limit, Next, tags } from './schemas.ts'

export const images: Operation = (app) => {
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
            { images: Type.Array(ref(FoundImage)), next: Next },
            { description: 'A page of images' }
          ),
          ...problems(403)
        }
      }
    },
    async ({ query: { limit, cursor, ...filter } }) =>
      searchImages(app.pg.pool, filter, { limit, cursor, urlOf: (key) => app.objects.urlOf(key) })
  )

  app.get(
    '/images/:id',
    {
      schema: {
        tags,
        operationId: 'getImage',
        summary: 'An image, its results, and every attempt at it',
        params: Type.Object({ id: Type.String({ format: 'uuid' }) }),
        response: { 200: { ...ref(ImageReport), description: 'The image' }, ...problems(403, 404) }
      }
    },
    async ({ params: { id } }) => {
      const report = await reportImage(app.pg.pool, id, (productId) => app.products.load(productId))
      if (report) return report
      throw new AppError('not_found', 'There is no such image, or it was removed.')
    }
  )
}
