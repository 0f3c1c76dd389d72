import fp from 'fastify-plugin'
import type { Config } from '../../lib/config/config.ts'
import { AppError } from '../../lib/http/app-error.ts'
import { hostnameOf, isLoopback } from '../../lib/http/loopback.ts'
import { isOwnOrigin, isRead } from '../../lib/http/own-origin.ts'

/**
 * Every web page that a developer visits can send requests to a service on a loopback HOST. Without
 * credentials two checks keep such pages out: changes come from the own origin only (CORS hides responses
 * but does not stop simple requests), and the Host header names this machine (DNS rebinding).
 */
export default fp<{ config: Config }>(
  async (app, { config: { server, auth } }) => {
    const { corsOrigin, publicUrl } = server
    if (auth || !isLoopback(server.host) || corsOrigin === '*') return
    const publicHost = publicUrl && new URL(publicUrl).hostname
    app.addHook('onRequest', ({ method, headers }, _reply, done) => {
      const host = hostnameOf(headers.host ?? server.host)
      if (!isLoopback(host) && host !== publicHost) {
        return done(new AppError('forbidden', `${host} is not a name of this service; set PUBLIC_API_URL.`))
      }
      if (isRead(method) || isOwnOrigin(headers) || corsOrigin?.includes(headers.origin ?? '')) return done()
      done(new AppError('forbidden', 'Pages of other origins may not change anything; set CORS_ORIGIN.'))
    })
  },
  { name: 'same-origin', dependencies: ['errors'] }
)
