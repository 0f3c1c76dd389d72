import type { IncomingHttpHeaders } from 'node:http'
import type { RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { ANYONE, Caller } from '../../lib/auth/caller.ts'
import type { TokenVerifier } from '../../lib/auth/jwt.ts'
import type { Auth } from '../../lib/config/auth.ts'
import type { Config } from '../../lib/config/config.ts'
import { AppError } from '../../lib/http/app-error.ts'

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
    /** Why there is no caller. */
    refusal: AppError | null
  }
  interface FastifyContextConfig {
    /** Who is let in where credentials are asked for: open for everybody, admin for who acts for all users. */
    access?: 'open' | 'admin'
  }
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/

/** For `onRoute`: what is added to the same scope after it asks for no credentials. */
export function openToAll(route: RouteOptions): void {
  route.config = { ...route.config, access: 'open' }
  route.schema = { ...route.schema, security: [] }
}

/** Asks for credentials wherever a route does not say that it is open; asks nobody when no way to show them is set. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { auth, server } = config
    if (!auth) {
      if (!LOOPBACK.test(server.host)) {
        app.log.warn(
          { host: server.host },
          'Everybody who reaches this address may do everything: set API_KEYS, JWT_SECRET or JWKS_URL to ask who they are'
        )
      }
      app.decorateRequest('caller', { getter: () => ANYONE })
      app.decorateRequest('refusal', null)
      return
    }

    const trust = auth.tokens?.trust
    if (trust && 'secret' in trust && trust.secret.length < 32) {
      app.log.warn('JWT_SECRET can be guessed from any token: make it 32 random characters or more')
    }
    // Loaded only where there are tokens to look at: jose is 46 files.
    const verify = auth.tokens ? (await import('../../lib/auth/jwt.ts')).tokenVerifier(auth.tokens) : null
    app.decorateRequest('caller')
    app.decorateRequest('refusal', null)
    app.addHook('onRequest', async (request, reply) => {
      const { config, url } = request.routeOptions
      if (config.access === 'open' || url === undefined) return
      // A cache between us and several callers must not give one what another has read.
      reply.header('cache-control', 'private, no-cache')
      const asked = await identify(request.headers, auth, verify)
      if (asked instanceof Caller) request.caller = asked
      else request.refusal = asked
    })
    // Later than the rate limit, so that guesses count.
    app.addHook('preParsing', async ({ caller, refusal, headers, routeOptions }, reply) => {
      if (refusal) {
        if (refusal.code === 'unauthorized') reply.header('www-authenticate', challenge(headers))
        throw refusal
      }
      if (routeOptions.config.access === 'admin' && caller.userId !== undefined) {
        throw new AppError('forbidden', 'Only callers who act for all users may do this.')
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
    return new AppError('unauthorized', 'Say who you are: send an API key or a bearer token.')
  }
  const caller = keys?.find(credentials)
  if (caller) return caller
  if (!verify || headers['x-api-key'] !== undefined) {
    return new AppError('unauthorized', 'The API key is not known here.')
  }
  return verify(credentials)
}

function credentialsOf(headers: IncomingHttpHeaders): string | undefined {
  if (headers['x-api-key'] !== undefined) return String(headers['x-api-key'])
  return /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
}

/** RFC 6750: a request without credentials is told only how to send some. */
const challenge = (headers: IncomingHttpHeaders) =>
  credentialsOf(headers) === undefined
    ? 'Bearer realm="AsyncProd"'
    : 'Bearer realm="AsyncProd", error="invalid_token"'
