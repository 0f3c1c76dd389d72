import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ANYONE } from '../../lib/auth/caller.ts'
import type { Config } from '../../lib/config/config.ts'
import { networkOf } from '../../lib/egress/address-policy.ts'
import { AppError } from '../../lib/http/app-error.ts'

/** Without Redis: beyond this number, the least recent caller is forgotten. */
const MAX_CALLERS = 10_000

/** Limits the requests a minute of each caller. A fleet counts them together, in Redis. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const max = config.server.rateLimit
    if (max === 0) return
    await app.register(import('@fastify/rate-limit'), {
      global: false,
      max,
      timeWindow: 60_000,
      enableDraftSpec: true,
      keyGenerator,
      ...(app.hasDecorator('redis') ? { redis: app.redis, nameSpace: 'rate:' } : { cache: MAX_CALLERS }),
      // While Redis is away there is no limit.
      skipOnError: true,
      errorResponseBuilder: (_request, { ttl }) =>
        new AppError(
          'too_many_requests',
          `The limit is ${max} requests a minute; retry after ${Math.ceil(ttl / 1000)} s.`
        )
    })
    const count = app.rateLimit()
    app.addHook('onRequest', async function (request, reply) {
      if (request.routeOptions.config.access !== 'open') await count.call(this, request, reply)
    })
  },
  { name: 'rate-limit', dependencies: ['auth', 'redis'] }
)

/** Requests without valid credentials, also those with guessed keys, are counted by network. */
function keyGenerator({ caller, refusal, ip }: FastifyRequest): string {
  return refusal || !caller || caller === ANYONE ? networkOf(ip) : caller.name
}
