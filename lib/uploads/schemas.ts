import { type Static, Type } from '@sinclair/typebox'

export const UploadInput = Type.Object(
  {
    user_id: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 2_147_483_647,
        description:
          'Whose products may name it. Default: the user of the credentials; without authentication, user 1'
      })
    ),
    content_type: Type.Optional(
      Type.String({
        pattern: '^image/[\\w.+-]+$',
        maxLength: 100,
        examples: ['image/jpeg'],
        description: 'Default: application/octet-stream. The bytes decide what the image is'
      })
    ),
    bytes: Type.Optional(
      Type.Integer({ minimum: 1, description: 'The size of the file. A PUT of another size is refused' })
    )
  },
  { $id: 'UploadInput' }
)
export type UploadInput = Static<typeof UploadInput>

export const UploadTarget = Type.Object(
  {
    source: Type.String({ description: 'Names the upload in product_images', examples: ['upload:7d4f…'] }),
    put: Type.Object(
      {
        url: Type.String({ format: 'uri' }),
        method: Type.Unsafe<'PUT'>({ type: 'string', enum: ['PUT'] }),
        headers: Type.Record(Type.String(), Type.String(), { description: 'Headers to send with the bytes' }),
        expires_at: Type.String({ format: 'date-time' })
      },
      { description: 'The request that sends the bytes. It may be repeated until it expires' }
    )
  },
  { $id: 'UploadTarget' }
)
