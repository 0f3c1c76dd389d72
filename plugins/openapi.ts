import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fp from 'fastify-plugin'
import { Problem } from '../lib/problem.ts'
import { Image, ImageError, Product, ProductInput, ProductReplacement } from '../lib/products/schemas.ts'
import { User, UserInput } from '../lib/users.ts'
import { VERSION } from '../lib/version.ts'

const components = [Problem, ImageError, Image, Product, ProductInput, ProductReplacement, User, UserInput]

/** The OpenAPI document, drawn from the routes' schemas, and a page to read and try it. */
export default fp(
  async (app) => {
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
        ]
      },
      refResolver: {
        buildLocalReference: (json, _baseUri, _fragment, i) => String(json.$id ?? `schema-${i}`)
      }
    })
    await app.register(swaggerUi, { routePrefix: '/documentation' })
    app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  },
  { name: 'openapi' }
)
