import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fp from 'fastify-plugin'
import type { Config } from '../../lib/config/config.ts'
import { Problem } from '../../lib/http/problem.ts'
import {
  Image,
  ImageError,
  ImportResult,
  Product,
  ProductInput,
  ProductReplacement,
  ProductUpsert
} from '../../lib/products/schemas.ts'
import { User, UserInput } from '../../lib/products/users.ts'
import { VERSION } from '../../lib/version.ts'
import { openToAll } from './auth.ts'

const inputs = [ProductInput, ProductReplacement, ProductUpsert, UserInput]
const components = [Problem, ImageError, Image, Product, ImportResult, User, ...inputs]

/** The page can hold credentials: it loads nothing from elsewhere, and no frame can hold it. */
const PAGE_POLICY = {
  'default-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data:",
  'object-src': "'none'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'"
}

/** The OpenAPI document, made from the routes' schemas, and a page to read and try it. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { publicUrl } = config.server
    for (const schema of components) app.addSchema(schema)
    await app.register(swagger, {
      // The servers' URLs are not part of the routes'.
      stripBasePath: false,
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'AsyncProd',
          version: VERSION,
          description: 'A product catalogue whose images take care of themselves.',
          license: { name: 'MIT', identifier: 'MIT' }
        },
        // Relative to the document, since a proxy may serve it below another path.
        servers: [{ url: publicUrl ?? '.', description: 'This server' }],
        tags: [
          { name: 'products', description: 'Products and the state of their images' },
          { name: 'users', description: 'Owners of products' },
          { name: 'health', description: 'Health of the service and of its servers' }
        ],
        components: {
          securitySchemes: {
            apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'One of API_KEYS' },
            bearer: {
              type: 'http',
              scheme: 'bearer',
              description: 'One of API_KEYS, or a JWT whose sub is the user id'
            }
          }
        },
        security: [...(config.auth ? [] : [{}]), { apiKey: [] }, { bearer: [] }]
      },
      refResolver: {
        buildLocalReference: (json, _baseUri, _fragment, i) => String(json.$id ?? `schema-${i}`)
      }
    })
    await app.register(async (pages) => {
      pages.addHook('onRoute', openToAll)
      // The page's own links are relative to a folder.
      pages.addHook('onRequest', async ({ url }, reply) => {
        if (/^\/documentation(\?|$)/.test(url)) return reply.redirect('documentation/')
      })
      await pages.register(swaggerUi, {
        routePrefix: '/documentation',
        staticCSP: PAGE_POLICY,
        // This copy of the document is one level deeper.
        transformSpecification: (document) =>
          publicUrl ? document : { ...document, servers: [{ url: '..', description: 'This server' }] },
        transformSpecificationClone: false
      })
      pages.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('documentation/'))
      pages.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
    })
  },
  { name: 'openapi' }
)
