import type { FastifyRequest } from 'fastify'
import type { Config } from '../../lib/config/config.ts'
import { AppError } from '../../lib/http/app-error.ts'
import { isLoopback } from '../../lib/http/loopback.ts'
import { isOwnOrigin, isRead } from '../../lib/http/own-origin.ts'

/**
 * Returns a function that throws `forbidden` for requests that may not use the admin API. Without configured
 * credentials, only programs on this machine may. Pages of other origins may change nothing, and without
 * credentials read nothing, even if CORS_ORIGIN is *.
 */
export function adminGuard({ auth, server }: Config): (request: FastifyRequest) => void {
  const { corsOrigin } = server
  return ({ method, headers }) => {
    if (!auth && !isLoopback(server.host))
      throw new AppError(
        'forbidden',
        'Without credentials the admin API is for a loopback HOST only: set API_KEYS, JWT_SECRET or JWKS_URL.'
      )
    if ((auth && isRead(method)) || isOwnOrigin(headers)) return
    if (Array.isArray(corsOrigin) && corsOrigin.includes(headers.origin ?? '')) return
    throw new AppError('forbidden', 'Pages of other origins may not use the admin API; set CORS_ORIGIN.')
  }
}
