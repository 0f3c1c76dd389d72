import { Type } from '@sinclair/typebox'
import { AppError } from '../../lib/http/app-error.ts'
import { ref } from '../../lib/http/schema-ref.ts'
import { ExternalId, Id, ProductUpsert } from '../../lib/products/schemas.ts'
import type { Operation } from '../operation.ts'
import { prefer } from '../prefer.ts'
import { problems } from '../problem-replies.ts'
import { withCheckedImages } from './check-images.ts'
import { identify } from './identify.ts'
import { tags } from './schemas.ts'

const Upserted = (description: string) => Type.Object({ product_id: Id }, { description })

export const upsert: Operation = (app, config) => {
  app.put(
    '/products/by-external-id/:external_id',
    {
      schema: {
        tags,
        operationId: 'upsertProduct',
        summary: 'Create or replace the product of an external id',
        description:
          'Images whose URL stays keep their result. What the body leaves out gets its default, but the ' +
          'metadata stays as it is. If nothing differs, nothing is changed.',
        params: Type.Object({ external_id: ExternalId }),
        headers: Type.Object(prefer),
        body: ref(ProductUpsert),
        response: {
          200: Upserted('Replaced'),
          201: Upserted('Created'),
          ...problems(403, 413, 415, 422)
        }
      }
    },
    async ({ params: { external_id }, body, caller }, reply) => {
      if ((body.external_id ?? external_id) !== external_id) throw differs()
      const input = withCheckedImages(identify(body, external_id, caller), config)
      const { id, created } = await app.products.upsert(input)
      return reply.code(created ? 201 : 200).send({ product_id: id })
    }
  )
}

function differs(): AppError {
  const detail = 'must be left out, or be the external id in the path'
  return new AppError('invalid_input', 'The external ids differ.', [{ pointer: '/external_id', detail }])
}
