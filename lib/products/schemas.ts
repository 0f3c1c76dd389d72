import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Problem } from '../http/problem.ts'
import { ref } from '../http/schema-ref.ts'
import { IMAGE_ERROR_CODES } from '../image/error.ts'

/** PostgreSQL's `integer`: a larger id cannot exist. */
export const Id = Type.Integer({ minimum: 1, maximum: 2_147_483_647 })

export const Source = Type.String({ format: 'text', minLength: 1, maxLength: 2048 })

export const ExternalId = Type.String({
  format: 'text',
  minLength: 1,
  maxLength: 255,
  examples: ['SKU-1001'],
  description:
    'Your own id of the product, unique among the products of the user. A replacement may change it'
})

export type Metadata = Record<string, unknown>
const Metadata = Type.Unsafe<Metadata>({
  type: 'object',
  additionalProperties: true,
  'x-max-json-bytes': 16_384,
  examples: [{ color: 'green' }],
  description:
    'Returned as sent. Up to 16 kB of JSON, nested up to 32 levels. A replacement without it keeps it; {} removes it'
})

/** Clients written in Go, as the Go service's are, send null for what they leave out. */
const optional = <T extends TSchema>(schema: T) =>
  Type.Optional(Type.Unsafe<Static<T> | null>({ ...schema, type: [schema.type, 'null'] }))

const productInput = {
  user_id: Id,
  external_id: optional(ExternalId),
  product_name: Type.String({ format: 'text', minLength: 1, maxLength: 255, examples: ['Desk lamp'] }),
  product_description: optional(Type.String({ format: 'text', maxLength: 100_000 })),
  product_price: optional(
    Type.Number({
      minimum: 0,
      maximum: 99_999_999.99,
      multipleOf: 0.01,
      examples: [100.5],
      description: '0 if omitted. A floating-point error below one millionth is rounded'
    })
  ),
  product_images: optional(
    Type.Array(Source, {
      maxItems: 1000,
      examples: [['https://example.com/lamp.jpg']],
      description: 'http or https URLs, and sources that POST /uploads returned'
    })
  ),
  metadata: optional(Metadata)
}

export const ProductInput = Type.Object(productInput, { $id: 'ProductInput' })
export type ProductInput = Static<typeof ProductInput>

export const ProductReplacement = Type.Object({ id: Id, ...productInput }, { $id: 'ProductReplacement' })

/** Everything has a default, for those who keep their products elsewhere and want the images. */
export const ProductUpsert = Type.Object(
  {
    ...productInput,
    user_id: optional(
      Type.Integer({
        ...Id,
        description:
          'Owner of the product. Default: the user of the credentials; without authentication, user 1'
      })
    ),
    product_name: optional(
      Type.String({
        format: 'text',
        minLength: 1,
        maxLength: 255,
        description: 'Default: the external id'
      })
    )
  },
  { $id: 'ProductUpsert' }
)
export type ProductUpsert = Static<typeof ProductUpsert>

export const ImageError = Type.Object(
  {
    code: Type.Unsafe<(typeof IMAGE_ERROR_CODES)[number]>({ type: 'string', enum: [...IMAGE_ERROR_CODES] }),
    detail: Type.String()
  },
  {
    $id: 'ImageError',
    description:
      'Why the last attempt failed, and what to do about it. An image that was made before keeps its result'
  }
)

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()])

export const Rendition = Type.Object(
  {
    url: Type.String(),
    width: Type.Integer(),
    height: Type.Integer(),
    bytes: Type.Integer(),
    content_type: Type.String({ examples: ['image/webp'] })
  },
  { $id: 'Rendition' }
)
export type Rendition = Static<typeof Rendition>

export const Placeholder = Type.Object(
  {
    thumbhash: Type.String({ description: 'A ThumbHash in base64' }),
    color: Type.String({ description: 'The mean colour', examples: ['#5f7d3a'] })
  },
  { $id: 'Placeholder', description: 'What can be shown until the picture is loaded' }
)

export const Image = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    source_url: Type.String(),
    status: Type.Unsafe<'pending' | 'done' | 'failed'>({
      type: 'string',
      enum: ['pending', 'done', 'failed']
    }),
    url: nullable(Type.String()),
    width: nullable(Type.Integer()),
    height: nullable(Type.Integer()),
    source_bytes: nullable(Type.Integer()),
    bytes: nullable(Type.Integer()),
    renditions: Type.Unsafe<Record<string, Rendition>>({
      type: 'object',
      additionalProperties: ref(Rendition),
      description: 'By the names in RENDITIONS'
    }),
    placeholder: nullable(ref(Placeholder)),
    attempts: Type.Integer(),
    error: nullable(ref(ImageError))
  },
  { $id: 'Image' }
)
export type Image = Static<typeof Image>

export const IMAGE_STATUSES = ['none', 'pending', 'done', 'partial', 'failed'] as const
export const ImageStatus = Type.Unsafe<(typeof IMAGE_STATUSES)[number]>({
  type: 'string',
  enum: [...IMAGE_STATUSES],
  description:
    'none without images; pending while any image is pending; then done, failed, or partial if only some failed'
})
export type ImageStatus = Static<typeof ImageStatus>

const Refusal = {
  code: Type.Optional(Problem.properties.code),
  error: Type.Optional(Type.String({ description: 'Why the line was refused' })),
  errors: Problem.properties.errors
}

export const ImportResult = Type.Object(
  {
    line: Type.Integer({ description: 'The number of the line, from 1; empty lines count' }),
    status: Type.Integer({ description: '201 created, 200 replaced or as it was, otherwise refused' }),
    product_id: Type.Optional(Id),
    ...Refusal
  },
  { $id: 'ImportResult', description: 'What became of a line of an import' }
)
export type ImportResult = Static<typeof ImportResult>

export const Product = Type.Object(
  {
    id: Id,
    user_id: Id,
    external_id: nullable(Type.String()),
    product_name: Type.String(),
    product_description: Type.String(),
    product_price: Type.Number(),
    product_images: Type.Array(Type.String()),
    metadata: Type.Unsafe<Metadata>({ type: 'object', additionalProperties: true }),
    compressed_product_images: Type.Array(Type.String(), {
      description: 'Public URLs of the images that are done, in the order of product_images'
    }),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' }),
    image_status: ImageStatus,
    images: Type.Array(ref(Image))
  },
  { $id: 'Product' }
)
export type Product = Static<typeof Product>
