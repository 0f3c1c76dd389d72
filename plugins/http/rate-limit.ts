import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import ipaddr from 'ipaddr.js'
import { ANYONE } from '../../lib/auth/caller.ts'
import type { Config } from '../../lib/config/config.ts'
import { AppError } from '../../lib/http/app-error.ts'

/** Callers that are remembered where there is no Redis; who was seen longest ago is forgotten. */
const MAX_CALLERS = 10_000

/** So many requests a minute for each caller, counted in Redis where there is one, so that a fleet counts as one. */
export default fp<{ config: Config }>(
  async (
    app,
    {
      config: {
        server: { rateLimit: max },
        redis
      }
    }
  ) => {
    if (max === 0) return
    await app.register(import('@fastify/rate-limit'), {
      global: false,
      max,
      timeWindow: 60_000,
      enableDraftSpec: true,
      keyGenerator,
      ...(redis ? { redis: app.redis, nameSpace: 'asyncprod:rate:' } : { cache: MAX_CALLERS }),
      // A limit that nobody can count is no reason to refuse anybody.
      skipOnError: true,
      errorResponseBuilder: (_request, { ttl }) =>
        new AppError(
          'too_many_requests',
          `That was ${max} requests in a minute: wait ${Math.ceil(ttl / 1000)} s.`
        )
    })
    const count = app.rateLimit()
    app.addHook('onRequest', async function (request, reply) {
      if (request.routeOptions.config.access !== 'open') await count.call(this, request, reply)
    })
  },
  { name: 'rate-limit', dependencies: ['auth', 'redis'] }
)

/** Whoever has not said who they are goes by their address, and so does whoever guesses keys. */
function keyGenerator({ caller, refusal, ip }: FastifyRequest): string {
  return refusal || !caller || caller === ANYONE ? networkOf(ip) : caller.name
}

/** One host has a whole /64 of IPv6 to send from. */
function networkOf(ip: string): string {
  if (!ipaddr.isValid(ip)) return ip
  const address = ipaddr.process(ip)
  return address instanceof ipaddr.IPv6 ? address.parts.slice(0, 4).join(':') : address.toString()
}
