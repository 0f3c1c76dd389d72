import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import type { Config } from '../../lib/config/config.ts'
import { VERSION } from '../../lib/version.ts'

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

export interface Documented {
  routes: RouteOptions[]
  schemas: unknown[]
  config: Config
}

/** Resolves with an app that only documents the routes: `swagger()`, and pages below /documentation. */
export async function document({ routes, schemas, config }: Documented): Promise<FastifyInstance> {
  const { publicUrl } = config.server
  const app = Fastify({ exposeHeadRoutes: false })
  // Nothing is validated here.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => JSON.stringify)
  for (const schema of schemas) app.addSchema(schema)
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
        { name: 'uploads', description: 'Files to use as images' },
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
  for (const { method, url, schema } of routes)
    if (method !== 'HEAD' && !schema?.hide)
      app.route({ method, url, ...(schema && { schema }), handler: async () => undefined })
  await app.register(swaggerUi, {
    routePrefix: '/documentation',
    staticCSP: PAGE_POLICY,
    // This copy of the document is one level deeper.
    transformSpecification: (copy) =>
      publicUrl ? copy : { ...copy, servers: [{ url: '..', description: 'This server' }] },
    transformSpecificationClone: false
  })
  await app.ready()
  return app
}
