import type { Server } from 'node:http'
import Fastify, { type FastifyHttpOptions, type FastifyInstance, LogController } from 'fastify'
import removedObjects from './consumers/object-removal.ts'
import publisher from './consumers/publisher.ts'
import sweep from './consumers/sweep.ts'
import type { Config } from './lib/config/config.ts'
import { serializers } from './lib/http/serializers.ts'
import { serverOptions } from './lib/http/server-options.ts'
import { loggerOptions } from './lib/log/log.ts'
import { atOnce, type Later } from './lib/startup/lazy.ts'
import auth from './plugins/http/auth.ts'
import body from './plugins/http/body.ts'
import cors from './plugins/http/cors.ts'
import errors from './plugins/http/errors.ts'
import keepAlive from './plugins/http/keep-alive.ts'
import openapi from './plugins/http/openapi.ts'
import overload from './plugins/http/overload.ts'
import rateLimit from './plugins/http/rate-limit.ts'
import sameOrigin from './plugins/http/same-origin.ts'
import securityHeaders from './plugins/http/security-headers.ts'
import validation from './plugins/http/validation.ts'
import logging from './plugins/observability/logging.ts'
import metrics from './plugins/observability/metrics.ts'
import tracing from './plugins/observability/tracing.ts'
import healthChecks from './plugins/parts/health-checks.ts'
import postgres from './plugins/parts/postgres.ts'
import products from './plugins/parts/products.ts'
import rabbitmq from './plugins/parts/rabbitmq.ts'
import redis from './plugins/parts/redis.ts'
import shutdown from './plugins/parts/shutdown.ts'
import storage from './plugins/parts/storage.ts'
import healthRoutes from './routes/health/index.ts'
import productRoutes from './routes/products/index.ts'
import userRoutes from './routes/users/index.ts'

export interface AppOptions extends FastifyHttpOptions<Server> {
  /** When the routes' schemas are compiled; default: before the app is ready. */
  later?: Later
}

const API = '/api/v1'

/**
 * The whole service, read aloud. It neither listens nor reads the environment: that is for the process, or for a test.
 * `extend` is called between the parts and the routes: what it adds can use `app.products` and the like, and its hooks see every request.
 */
export async function buildApp(
  config: Config,
  { later = atOnce, ...options }: AppOptions = {},
  extend?: (app: FastifyInstance) => Promise<void>
): Promise<FastifyInstance> {
  const app = Fastify({
    logger: loggerOptions(config.logLevel),
    // Each plugin that waits for a server bounds that itself; a migration takes as long as it takes.
    pluginTimeout: 0,
    trustProxy: config.server.trustProxy,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    schemaController: { compilersFactory: { buildSerializer: serializers(later) } },
    ...serverOptions,
    ...options,
    http: { ...serverOptions.http, ...options.http }
  })
  return complete(app, async () => {
    await addHttp(app, config, later)
    await addParts(app, config)
    await addGuards(app, config)
    await extend?.(app)
    await addRoutes(app, config)
    await addConsumers(app, config)
  })
}

/** The parts alone, for commands: no routes and no consumers. They wait for servers as ROLE=api does, and log to stderr. */
export async function buildParts(config: Config): Promise<FastifyInstance> {
  const app = Fastify({
    logger: { ...loggerOptions(config.logLevel), stream: process.stderr },
    pluginTimeout: 0
  })
  return complete(app, () => addParts(app, { ...config, role: 'api' }))
}

/** The OpenAPI document, drawn from the service's own routes; the parts that they work with are not there and not needed. */
export async function buildDocument(config: Config): Promise<ReturnType<FastifyInstance['swagger']>> {
  const app = Fastify()
  await addHttp(app, config, atOnce)
  await addRoutes(app, config)
  await app.ready()
  const document = app.swagger()
  await app.close()
  return document
}

/** Closes what was opened if the rest fails. */
async function complete(app: FastifyInstance, add: () => Promise<void>): Promise<FastifyInstance> {
  try {
    await add()
    return app
  } catch (error) {
    await app.close()
    throw error
  }
}

/** How every request is read and responded to. */
async function addHttp(app: FastifyInstance, config: Config, later: Later): Promise<void> {
  await app.register(logging)
  await app.register(tracing, { config })
  await app.register(keepAlive)
  await app.register(errors)
  await app.register(body)
  await app.register(openapi, { config })
  await app.register(validation, { later })
  await app.register(securityHeaders)
  await app.register(cors, { config })
  await app.register(sameOrigin, { config })
}

/** What the routes, the consumers and the commands work with. */
async function addParts(app: FastifyInstance, config: Config): Promise<void> {
  await app.register(shutdown, { config })
  await app.register(healthChecks)
  await app.register(postgres, { config })
  await app.register(redis, { config })
  await app.register(rabbitmq, { config })
  await app.register(storage, { config })
  await app.register(products, { config })
}

/** Which requests are admitted. */
async function addGuards(app: FastifyInstance, config: Config): Promise<void> {
  await app.register(overload)
  await app.register(auth, { config })
  await app.register(rateLimit, { config })
  await app.register(metrics)
}

async function addRoutes(app: FastifyInstance, config: Config): Promise<void> {
  await app.register(healthRoutes)
  // The original's paths are above; whoever forwards only the API to us finds them below it, too.
  await app.register(healthRoutes, { prefix: API, hide: true })
  if (config.role !== 'worker') {
    await app.register(productRoutes, { prefix: API, config })
    await app.register(userRoutes, { prefix: API, config })
  }
}

/** Registered last: closing runs backwards, so jobs end while everything they need is still open. */
async function addConsumers(app: FastifyInstance, config: Config): Promise<void> {
  await app.register(publisher)
  await app.register(removedObjects)
  if (config.role !== 'api') {
    // Loaded only where they work: with them come sharp and undici.
    await app.register(import('./consumers/images.ts'), { config })
    await app.register(sweep, { config })
    await app.register(import('./consumers/webhooks.ts'), { config })
  }
  app.addHook('onClose', () => app.shutdown.begin())
}
