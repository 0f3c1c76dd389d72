import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import type { Config } from '../../lib/config/config.ts'
import { PROBLEM_EXAMPLES } from '../../lib/http/problem-examples.ts'
import { VERSION } from '../../lib/version.ts'
import { DESCRIPTION } from './description.ts'

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

/** Without the bar of the page's maker, and with the service's name. */
const THEME = {
  title: 'AsyncProd API',
  css: [{ filename: 'page.css', content: '.swagger-ui .topbar { display: none }' }]
}

/** Statuses of every route, which none lists: the page's introduction has them. */
const UNLISTED = [408, 414, 431, 500]

const examples = Object.fromEntries(
  Object.entries(PROBLEM_EXAMPLES)
    .filter(([, { status }]) => !UNLISTED.includes(status))
    .map(([code, value]) => [code, { value }])
)

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
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' }
      },
      // Relative to the document, since a proxy may serve it below another path.
      servers: [{ url: publicUrl ?? '.', description: 'This server' }],
      tags: [
        { name: 'products', description: 'Products and the state of their images' },
        { name: 'uploads', description: 'Files to use as images' },
        { name: 'users', description: 'Owners of products' },
        { name: 'admin', description: 'For operators: what happens, and how to put it right' },
        { name: 'health', description: 'Health of the service and of its servers' }
      ],
      components: {
        examples,
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
    transformObject: (made) =>
      withMaxImages('openapiObject' in made ? made.openapiObject : {}, config.images.maxPerProduct),
    refResolver: {
      buildLocalReference: (json, _baseUri, _fragment, i) => String(json.$id ?? `schema-${i}`)
    }
  })
  for (const { method, url, schema } of routes)
    if (method !== 'HEAD' && !schema?.hide)
      app.route({ method, url, ...(schema && { schema }), handler: async () => undefined })
  await app.register(swaggerUi, {
    routePrefix: '/documentation',
    theme: THEME,
    staticCSP: PAGE_POLICY,
    // This copy of the document is one level deeper.
    transformSpecification: (copy) =>
      publicUrl ? copy : { ...copy, servers: [{ url: '..', description: 'This server' }] },
    transformSpecificationClone: false
  })
  await app.ready()
  return app
}

/** Returns a copy with the setting's bound. Above it the service itself refuses, in words of its own. */
function withMaxImages(document: object, maxItems: number) {
  return JSON.parse(JSON.stringify(document), (name, value) =>
    name === 'product_images' && 'maxItems' in value ? { ...value, maxItems } : value
  )
}
