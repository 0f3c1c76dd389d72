import { ANYONE, type Caller } from '../../lib/auth/caller.ts'
import { AppError } from '../../lib/http/app-error.ts'
import { ownUrl } from '../../lib/http/own-url.ts'
import { ref } from '../../lib/http/schema-ref.ts'
import { UploadInput, UploadTarget } from '../../lib/uploads/schemas.ts'
import { uploadKey, uploadSource } from '../../lib/uploads/source.ts'
import { type Upload, URL_TTL_S } from '../../lib/uploads/uploads.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'

const UNKNOWN_TYPE = 'application/octet-stream'

export const create: Operation = (app, config) => {
  const { maxSourceBytes } = config.images

  /** Straight to the store if clients can reach it, otherwise to this service. */
  async function urlOf({ id, content_type, bytes }: Upload): Promise<string> {
    const { intake } = app.objects
    if ('presign' in intake)
      return await intake.presign(uploadKey(id), { content_type, bytes, expiresInS: URL_TTL_S })
    return `${config.server.publicUrl ?? ownUrl(app.server, config.server)}${app.prefix}/uploads/${id}`
  }

  app.post(
    '/uploads',
    {
      schema: {
        tags: ['uploads'],
        operationId: 'createUpload',
        summary: 'Get a URL for a file, and the source that names it in product_images',
        body: ref(UploadInput),
        response: { 201: { ...ref(UploadTarget), description: 'Created' }, ...problems(403, 413, 415, 422) }
      }
    },
    async ({ body, caller }, reply) => {
      const { content_type = UNKNOWN_TYPE, bytes = null } = body
      const userId = ownerOf(body, caller)
      if (bytes !== null && bytes > maxSourceBytes)
        throw new AppError('invalid_input', 'The file is too large.', [
          { pointer: '/bytes', detail: `must not be more than ${maxSourceBytes}` }
        ])
      const upload = await app.uploads.create(userId, { content_type, bytes })
      return reply.code(201).send({
        source: uploadSource(upload.id),
        put: {
          url: await urlOf(upload),
          method: 'PUT',
          headers: { 'content-type': content_type },
          expires_at: upload.expires_at.toISOString()
        }
      })
    }
  )
}

function ownerOf({ user_id }: UploadInput, caller: Caller): number {
  const userId = user_id ?? (caller === ANYONE ? 1 : caller.userId)
  if (userId === undefined)
    throw new AppError('invalid_input', 'These credentials act for all users.', [
      { pointer: '/user_id', detail: 'is required' }
    ])
  caller.mustActFor(userId, '/user_id')
  return userId
}
