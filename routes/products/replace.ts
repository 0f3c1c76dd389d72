import { Type } from '@sinclair/typebox'
import type { Caller } from '../../lib/auth/caller.ts'
import { ref } from '../../lib/http/schema-ref.ts'
import { ProductInput, ProductReplacement } from '../../lib/products/schemas.ts'
import type { Operation } from '../operation.ts'
import { prefer } from '../prefer.ts'
import { problems } from '../problem-replies.ts'
import { withCheckedImages } from './check-images.ts'
import { ifMatch } from './etag.ts'
import { IfMatch, Message, Params, tags } from './schemas.ts'

interface Replacement {
  body: ProductInput
  headers: { 'if-match'?: string }
  caller: Caller
}

const headers = Type.Object({ ...prefer, ...IfMatch.properties })
const response = { 200: Message('Replaced'), ...problems(403, 404, 409, 412, 413, 415, 422) }

export const replace: Operation = (app, config) => {
  async function update(id: number, { body, headers, caller }: Replacement) {
    caller.mustActFor(body.user_id, '/user_id')
    const target = { id, user_id: body.user_id, accepts: ifMatch(headers['if-match']) }
    await app.products.update(target, withCheckedImages(body, config))
    return { message: 'Product updated successfully' }
  }

  app.put(
    '/products',
    {
      schema: {
        tags,
        operationId: 'replaceProduct',
        summary: 'Replace the product that the body names',
        headers,
        body: ref(ProductReplacement),
        response
      }
    },
    (request) => update(request.body.id, request)
  )

  app.put(
    '/products/:id',
    {
      schema: {
        tags,
        operationId: 'updateProduct',
        summary: 'Replace a product; images whose URL stays keep their result',
        params: Params,
        headers,
        body: ref(ProductInput),
        response
      }
    },
    (request) => update(request.params.id, request)
  )
}
