import { earlyErrors } from './early-errors.ts'
import { requestId } from './request-id.ts'

/** Options of Fastify: what a request, and a connection, may be before a plugin sees it. */
export const serverOptions = {
  genReqId: requestId,
  bodyLimit: 1_048_576,
  requestTimeout: 30_000,
  // Ends a connection whose client reads nothing. Event streams send something more often.
  connectionTimeout: 60_000,
  // By default Node looks for late headers every 30 s, and lets them take 60 s.
  http: { headersTimeout: 15_000, connectionsCheckingInterval: 1000 },
  routerOptions: { ignoreTrailingSlash: true },
  // A request that was accepted before the stop gets its response.
  return503OnClosing: false,
  ...earlyErrors
}
