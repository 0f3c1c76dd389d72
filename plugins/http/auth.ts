import type { IncomingHttpHeaders } from 'node:http'
import type { RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { ANYONE, Caller } from '../../lib/auth/caller.ts'
import type { TokenVerifier } from '../../lib/auth/jwt.ts'
import type { Auth } from '../../lib/config/auth.ts'
import type { Config } from '../../lib/config/config.ts'
import { AppError } from '../../lib/http/app-error.ts'
import { isLoopback } from '../../lib/http/loopback.ts'
import { isRead } from '../../lib/http/own-origin.ts'

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
    /** The reason why the request has no caller. */
    refusal: AppError | null
  }
  interface FastifyContextConfig {
    /**
     * With authentication: `open` and `signed` need no credentials, `admin` needs credentials for all users.
     * The URL of what is `signed` cannot be guessed; unlike `open` it is refused under overload.
     */
    access?: 'open' | 'signed' | 'admin'
  }
}

/** Hook for `onRoute`: routes added to the same scope after it need no credentials. */
export function openToAll(route: RouteOptions): void {
  route.config = { ...route.config, access: 'open' }
  route.schema = { ...route.schema, security: [] }
}

/** Requires credentials on every route that is not open, if the settings name a kind of credentials. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { auth, server } = config
    if (!auth) {
      if (!isLoopback(server.host)) {
        app.log.warn(
          { host: server.host },
          'Authentication is disabled: anyone who can reach this address has full access. Set API_KEYS, JWT_SECRET or JWKS_URL'
        )
      }
      app.decorateRequest('caller', { getter: () => ANYONE })
      app.decorateRequest('refusal', null)
      return
    }

    const trust = auth.tokens?.trust
    if (trust && 'secret' in trust && trust.secret.length < 32) {
      app.log.warn('JWT_SECRET is short enough to be guessed from a token: use 32 random characters or more')
    }
    // Loaded only where tokens are accepted: jose is 46 files.
    const verify = auth.tokens ? (await import('../../lib/auth/jwt.ts')).tokenVerifier(auth.tokens) : null
    app.decorateRequest('caller')
    app.decorateRequest('refusal', null)
    app.addHook('onRequest', async (request, reply) => {
      const { config, url } = request.routeOptions
      if (config.access === 'open' || config.access === 'signed' || url === undefined) return
      // A shared cache must not serve one caller's response to another.
      reply.header('cache-control', 'private, no-cache')
      const caller = await identify(request.headers, auth, verify)
      if (caller instanceof Caller) request.caller = caller
      else request.refusal = caller
      if (caller instanceof Caller && caller.isReadOnly && !isRead(request.method))
        request.refusal = new AppError('forbidden', 'These credentials may only read.')
    })
    // After the rate limit, so that guessed keys count.
    app.addHook('preParsing', async ({ caller, refusal, headers, routeOptions }, reply) => {
      if (refusal) {
        if (refusal.code === 'unauthorized') reply.header('www-authenticate', challenge(headers))
        throw refusal
      }
      if (routeOptions.config.access === 'admin' && caller.userId !== undefined) {
        throw new AppError('forbidden', 'This needs credentials for all users.')
      }
    })
  },
  { name: 'auth', dependencies: ['errors'] }
)

async function identify(
  headers: IncomingHttpHeaders,
  { keys }: Auth,
  verify: TokenVerifier | null
): Promise<Caller | AppError> {
  const credentials = credentialsOf(headers)
  if (credentials === undefined) {
    return new AppError('unauthorized', 'Credentials are missing: send an API key or a bearer token.')
  }
  const caller = keys?.find(credentials)
  if (caller) return caller
  if (!verify || headers['x-api-key'] !== undefined) {
    return new AppError('unauthorized', 'The API key is unknown.')
  }
  return verify(credentials)
}

function credentialsOf(headers: IncomingHttpHeaders): string | undefined {
  if (headers['x-api-key'] !== undefined) return String(headers['x-api-key'])
  return /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
}

/** RFC 6750: the error is left out where a request has no credentials. */
const challenge = (headers: IncomingHttpHeaders) =>
  credentialsOf(headers) === undefined
    ? 'Bearer realm="AsyncProd"'
    : 'Bearer realm="AsyncProd", error="invalid_token"'
