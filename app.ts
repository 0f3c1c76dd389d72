import Fastify, { type FastifyInstance, type FastifyPluginCallback } from 'fastify'
import heartbeat from './consumers/heartbeat.ts'
import history from './consumers/history.ts'
import removedObjects from './consumers/object-removal.ts'
import publisher from './consumers/publisher.ts'
import type { Config } from './lib/config/config.ts'
import { type ServerOptions, serverOptions } from './lib/http/server-options.ts'
import { loggerOptions, readable } from './lib/log/log.ts'
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
import serialization from './plugins/http/serialization.ts'
import strict from './plugins/http/strict.ts'
import validation from './plugins/http/validation.ts'
import logging from './plugins/observability/logging.ts'
import metrics from './plugins/observability/metrics.ts'
import tracing from './plugins/observability/tracing.ts'
import controls from './plugins/parts/controls.ts'
import fullDisk from './plugins/parts/full-disk.ts'
import healthChecks from './plugins/parts/health-checks.ts'
import postgres from './plugins/parts/postgres.ts'
import products from './plugins/parts/products.ts'
import rabbitmq from './plugins/parts/rabbitmq.ts'
import redis from './plugins/parts/redis.ts'
import shutdown from './plugins/parts/shutdown.ts'
import storage from './plugins/parts/storage.ts'
import adminRoutes from './routes/admin/index.ts'
import consoleRoutes from './routes/console/index.ts'
import healthRoutes from './routes/health/index.ts'
import productRoutes from './routes/products/index.ts'
import uploadRoutes from './routes/uploads/index.ts'
import userRoutes from './routes/users/index.ts'

type Step = (app: FastifyInstance, config: Config) => Promise<void>

/**
 * Builds the whole service. It neither listens nor reads the environment: a process or a test does. What
 * `extend` adds can use the parts, for example `app.products`, and its hooks see every request.
 */
export function buildApp(config: Config, options: ServerOptions = {}, extend: Step = async () => {}) {
  const app = Fastify(serverOptions(config, options))
  return compose(app, config, [addHttp, addParts, addGuards, extend, addRoutes, addConsumers])
}

/** The parts alone, for commands. They wait for servers as ROLE=api does, and log to stderr. */
export function buildParts(config: Config) {
  const output = process.stderr.isTTY ? { transport: readable(2) } : { stream: process.stderr }
  const logger = { ...loggerOptions(config.logLevel), ...output }
  return compose(Fastify({ logger, pluginTimeout: 0 }), { ...config, role: 'api' }, [addParts])
}

/** The OpenAPI document of the routes. No route is called, so no parts are needed. */
export async function buildDocument(config: Config) {
  await using app = await compose(Fastify(), config, [addHttp, addRoutes])
  await app.ready()
  return await app.openapi()
}

/** Closes what was opened if a step fails. */
async function compose(app: FastifyInstance, config: Config, steps: Step[]): Promise<FastifyInstance> {
  try {
    for (const step of steps) await step(app, config)
    return app
  } catch (error) {
    await app.close()
    throw error
  }
}

const all =
  (plugins: FastifyPluginCallback<{ config: Config }>[]): Step =>
  async (app, config) => {
    for (const plugin of plugins) await app.register(plugin, { config })
  }

/** How every request is read and responded to. */
const addHttp = all([
  ...[logging, tracing, keepAlive, errors, body, openapi],
  ...[validation, strict, serialization, securityHeaders, cors, sameOrigin]
])

/** What the routes, the consumers and the commands work with. */
const addParts = all([
  ...[shutdown, healthChecks, fullDisk, postgres, controls],
  ...[redis, rabbitmq, storage, products]
])

/** Which requests are admitted. */
const addGuards: Step = async (app, config) => {
  await app.register(overload)
  await all([auth, rateLimit, metrics])(app, config)
}

const addRoutes: Step = async (app, config) => {
  const prefix = '/api/v1'
  // Health is at the paths of the Go service, and below the API for proxies that forward nothing else.
  await app.register(healthRoutes)
  await app.register(healthRoutes, { prefix, hide: true })
  if (config.role === 'worker') return
  await app.register(consoleRoutes)
  for (const routes of [productRoutes, uploadRoutes, userRoutes])
    await app.register(routes, { prefix, config })
  await app.register(adminRoutes, { prefix: `${prefix}/admin`, config })
}

/** Registered last: closing runs backwards, so jobs end while everything they need is still open. */
const addConsumers: Step = async (app, config) => {
  await all([heartbeat, publisher, removedObjects, history])(app, config)
  if (config.role !== 'api') {
    // Imported only where images are processed: sharp and undici come with them.
    await app.register(import('./consumers/images.ts'), { config })
    await app.register(import('./consumers/sweep.ts'), { config })
    await app.register(import('./consumers/actions.ts'))
    await app.register(import('./consumers/webhooks.ts'), { config })
  }
  app.addHook('onClose', () => app.shutdown.begin())
}
