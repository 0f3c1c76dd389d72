import type { Server } from 'node:http'
import { type FastifyHttpOptions, LogController } from 'fastify'
import { loggerOptions } from '../log/log.ts'
import { earlyErrors } from './early-errors.ts'
import { requestId } from './request-id.ts'

export type ServerOptions = FastifyHttpOptions<Server>

/** Returns Fastify's options: the limits of connections and requests that apply before any plugin. */
export function serverOptions(
  { logLevel, server }: { logLevel: string; server: { trustProxy: string | boolean } },
  options: ServerOptions
): ServerOptions {
  return {
    logger: loggerOptions(logLevel),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    // Each plugin that waits for a server bounds that itself; a migration takes as long as it takes.
    pluginTimeout: 0,
    trustProxy: server.trustProxy,
    genReqId: requestId,
    bodyLimit: 1_048_576,
    // For 25 MB on a slow line. A connection that sends nothing ends after a minute.
    requestTimeout: 600_000,
    // Ends a connection whose client reads nothing. Event streams send something more often.
    connectionTimeout: 60_000,
    // 255 characters, percent-encoded.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 3060 },
    // A request that was accepted before the stop gets its response.
    return503OnClosing: false,
    ...earlyErrors,
    ...options,
    // By default Node looks for late headers every 30 s, and lets them take 60 s.
    http: { headersTimeout: 15_000, connectionsCheckingInterval: 1000, ...options.http }
  }
}
