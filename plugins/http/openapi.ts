import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fp from 'fastify-plugin'
import type { Config } from '../../lib/config/config.ts'
import { Problem } from '../../lib/http/problem.ts'
import { Image, ImageError, Product, ProductInput, ProductReplacement } from '../../lib/products/schemas.ts'
import { User, UserInput } from '../../lib/products/users.ts'
import { VERSION } from '../../lib/version.ts'
import { openToAll } from './auth.ts'

const components = [Problem, ImageError, Image, Product, ProductInput, ProductReplacement, User, UserInput]

/** Nothing from elsewhere, nothing inline but styles, in nobody's frame: the page can hold a caller's credentials. */
const PAGE_POLICY = {
  'default-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data:",
  'object-src': "'none'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'"
}

/** The OpenAPI document, drawn from the routes' schemas, and a page to read and try it. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    for (const schema of components) app.addSchema(schema)
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'AsyncProd',
          version: VERSION,
          description: 'A product catalogue whose images take care of themselves.',
          license: { name: 'MIT', identifier: 'MIT' }
        },
        servers: [{ url: '/', description: 'This server' }],
        tags: [
          { name: 'products', description: 'Products and the state of their images' },
          { name: 'users', description: 'Owners of products' },
          { name: 'health', description: 'Whether the service and its servers can be used' }
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
      await pages.register(swaggerUi, { routePrefix: '/documentation', staticCSP: PAGE_POLICY })
      pages.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
    })
  },
  { name: 'openapi' }
)
