import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { Action, ActionCount, ActionInput } from '../../lib/actions/schemas.ts'
import type { Config } from '../../lib/config/config.ts'
import { Minute, Overview } from '../../lib/figures/schemas.ts'
import { Problem } from '../../lib/http/problem.ts'
import {
  Image,
  ImageError,
  ImportResult,
  Placeholder,
  Product,
  ProductInput,
  ProductReplacement,
  ProductUpsert,
  Rendition
} from '../../lib/products/schemas.ts'
import { User, UserInput } from '../../lib/products/users.ts'
import { Attempt, FoundImage, ImageFilter, ImageReport } from '../../lib/search/schemas.ts'
import { UploadInput, UploadTarget } from '../../lib/uploads/schemas.ts'
import { openToAll } from './auth.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Resolves with the OpenAPI document of all routes. */
    openapi(): Promise<ReturnType<FastifyInstance['swagger']>>
  }
}

const inputs = [ActionInput, ProductInput, ProductReplacement, ProductUpsert, UploadInput, UserInput]
const components = [
  Problem,
  ImageError,
  Rendition,
  Placeholder,
  Image,
  Product,
  ImportResult,
  UploadTarget,
  User,
  Overview,
  Minute,
  FoundImage,
  Attempt,
  ImageReport,
  ImageFilter,
  ActionCount,
  Action,
  ...inputs
]

/** Headers of a connection, not of its response. */
const HOP_BY_HOP = ['connection', 'date', 'transfer-encoding']

/**
 * The OpenAPI document, made from the routes' schemas, and a page to read and try it. Both are made at the
 * first request for one of them: the libraries took 50 ms of a start.
 */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    for (const schema of components) app.addSchema(schema)
    const routes: RouteOptions[] = []
    app.addHook('onRoute', (route) => void routes.push(route))
    const scopes = [app]
    app.addHook('onRegister', (scope) => void scopes.push(scope))
    let made: Promise<FastifyInstance> | undefined
    const documentation = () => {
      const schemas = new Map(scopes.flatMap((scope) => Object.entries(scope.getSchemas())))
      made ??= import('./documentation.ts').then(({ document }) =>
        document({ routes, schemas: [...schemas.values()], config })
      )
      // The next request tries again.
      made.catch(() => {
        made = undefined
      })
      return made
    }
    app.addHook('onClose', async () => (await made?.catch(() => undefined))?.close())
    app.decorate('openapi', async () => (await documentation()).swagger())
    await app.register(async (pages) => {
      pages.addHook('onRoute', openToAll)
      pages.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('documentation/'))
      pages.get('/openapi.json', { schema: { hide: true } }, () => app.openapi())
      for (const path of ['/documentation', '/documentation/*'])
        pages.get(path, { schema: { hide: true } }, async (request, reply) => {
          // The page's own links are relative to a folder.
          if (/^\/documentation(\?|$)/.test(request.url)) return reply.redirect('documentation/')
          const { statusCode, headers, rawPayload } = await (await documentation()).inject(same(request))
          if (statusCode === 404) return reply.callNotFound()
          for (const name of HOP_BY_HOP) delete headers[name]
          return reply.code(statusCode).headers(headers).send(rawPayload)
        })
    })
  },
  { name: 'openapi' }
)

const same = ({ url, headers }: FastifyRequest) => ({ method: 'GET' as const, url, headers })
